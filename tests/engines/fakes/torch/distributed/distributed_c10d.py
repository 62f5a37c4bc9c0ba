from torch.distributed import TCPStore, _here


def _get_default_store():
    return TCPStore(_here["folder"])
