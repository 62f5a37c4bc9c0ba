"""Imitates sglang/srt/eplb/eplb_algorithms/__init__.py: rebalance_experts() with its arguments and its three results."""

import torch


def rebalance_experts(
    tokens_per_expert, num_physical_experts, num_local_physical_experts, num_groups, num_nodes, algorithm
):
    """The busiest experts get the redundant slots; every rank computes the same, because the counts are those of all."""
    rows = []
    for counts in tokens_per_expert.sum(dim=0).tolist():
        busiest = sorted(range(len(counts)), key=lambda expert: (-counts[expert], expert))
        rows.append(sorted(range(len(counts))) + busiest[: num_physical_experts - len(counts)])
    return torch.tensor(rows), None, None
