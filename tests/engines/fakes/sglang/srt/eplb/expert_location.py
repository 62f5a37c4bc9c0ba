"""Imitates sglang/srt/eplb/expert_location.py: the map in force, one object a process, updated layer by layer."""

import torch

_current = None


class ExpertLocationMetadata:
    def __init__(self, layers, slots, experts, ep_size):
        self.ep_size, self.num_logical_experts = ep_size, experts
        self.physical_to_logical_map_cpu = torch.tensor([[s % experts for s in range(slots)] for _ in range(layers)])

    def update(self, other, update_layer_ids):
        rows = self.physical_to_logical_map_cpu.tolist()
        for layer in update_layer_ids:
            rows[layer] = other[layer]
        self.physical_to_logical_map_cpu = torch.tensor(rows)


def get_global_expert_location_metadata():
    return _current


def set_global_expert_location_metadata(value):
    global _current
    _current = value
