"""As much of torch as the plugin and the fake engines call: tensors are nested lists."""

int64 = "int64"


class Tensor:
    device = "cpu"

    def __init__(self, values):
        self._values = values

    @property
    def shape(self):
        sizes, inner = [], self._values
        while isinstance(inner, list):
            sizes.append(len(inner))
            inner = inner[0]
        return tuple(sizes)

    def __getitem__(self, index):
        return self._values[index]

    def tolist(self):
        return _copy(self._values)

    def sum(self, dim):
        assert dim == 0
        return Tensor(_sum(self._values))

    def clone(self):
        return Tensor(self.tolist())

    def cpu(self):
        return self.clone()

    def to(self, device):
        return self.clone()


def tensor(values, dtype=None, device=None):
    return Tensor(_copy(values))


def _copy(values):
    return [_copy(value) for value in values] if isinstance(values, list) else values


def _sum(parts):
    if not isinstance(parts[0], list):
        return sum(parts)
    return [_sum([part[i] for part in parts]) for i in range(len(parts[0]))]
