"""Imitates sglang/srt/runtime_context.py: what the launch flags set."""

from types import SimpleNamespace

_exec = SimpleNamespace(moe=SimpleNamespace(elastic_ep_backend=None, eplb_rebalance_num_iterations=40, layers_per_chunk=0))


def get_exec():
    return _exec
