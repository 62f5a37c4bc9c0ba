"""Imitates sglang/srt/eplb/expert_distribution.py: dump_record() gives what all ranks counted since the last one."""

import torch


class _ExpertDistributionRecorderReal:
    def __init__(self, layers, experts, dense):
        self._layers, self._experts, self._dense, self._dumps = layers, experts, dense, 0

    def dump_record(self, output_mode="file"):
        self._dumps += 1
        tokens = [
            [0 if layer < self._dense else (expert * 7 + layer + self._dumps) % self._experts for expert in range(self._experts)]
            for layer in range(self._layers)
        ]
        return {"logical_count": torch.tensor([tokens]), "average_utilization_rate_over_window": 0.5}


_recorder = None


def get_global_expert_distribution_recorder():
    return _recorder


def set_global_expert_distribution_recorder(value):
    global _recorder
    _recorder = value
