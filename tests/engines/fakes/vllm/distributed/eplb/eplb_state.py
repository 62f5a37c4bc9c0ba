"""Imitates vllm/distributed/eplb/eplb_state.py and async_worker.py: step() counts to its interval and rearranges; in
async mode a worker asks the policy and the map follows layer by layer, one a step, once every rank has the layer."""

import queue
import threading
from types import SimpleNamespace

import torch
import torch.distributed as dist


class DefaultEplbPolicy:
    """Imitates vllm/distributed/eplb/policy/default.py."""

    @classmethod
    def rebalance_experts(
        cls, weight, num_replicas, num_groups, num_nodes, num_ranks, old_global_expert_indices=None
    ):
        rows = []
        for counts in weight.tolist():
            busiest = sorted(range(len(counts)), key=lambda expert: (-counts[expert], expert))
            rows.append(sorted(range(len(counts))) + busiest[: num_replicas - len(counts)])
        return torch.tensor(rows)


class _Group:
    def rank(self):
        return dist.get_rank()

    def size(self):
        return dist.get_world_size()


def get_ep_group():
    return SimpleNamespace(device_group=_Group())


class EplbState:
    def __init__(self, parallel_config, ready=None):
        self.parallel_config = parallel_config
        self.model_states = {}
        self.policy = None
        self.is_async = False
        self.expert_rearrangement_step = 0
        self.expert_rearrangement_step_interval = 0
        self._ready = ready  # all ranks have the next layer: a collective in the engine
        self._rearrangements = 0
        self._wake = queue.Queue()

    def add_model(self, model, model_config, model_name=None):
        self.is_async = self.parallel_config.use_async
        self.expert_rearrangement_step_interval = self.parallel_config.step_interval
        self.policy = DefaultEplbPolicy
        row = [slot % model.num_logical_experts for slot in range(model.num_physical_experts)]
        self.model_states[model_config] = SimpleNamespace(
            physical_to_logical_map=torch.tensor([row] * model.num_moe_layers),
            last_expert_load=None, model=model, rebalanced=False, wanted=None, layer=0,
        )

    def start_async_loop(self):
        if self.is_async:
            threading.Thread(target=self._work, daemon=True).start()

    def step(self, is_dummy=False, is_profile=False, log_stats=False):
        if is_profile:
            self.rearrange(is_profile=True)
            return
        self.expert_rearrangement_step += 1
        if self.is_async:
            for state in self.model_states.values():
                if state.rebalanced and self._ready(state.wanted is not None):
                    self._move_layer(state)
        if self.expert_rearrangement_step >= self.expert_rearrangement_step_interval:
            if self.is_async and any(state.rebalanced for state in self.model_states.values()):
                return
            self.expert_rearrangement_step = 0
            self.rearrange()

    def rearrange(self, is_profile=False, rank_mapping=None, use_last_expert_load=False):
        self._rearrangements += 1
        for state in self.model_states.values():
            model = state.model
            load = torch.tensor(
                [
                    [(expert * 7 + layer + self._rearrangements) % model.num_logical_experts for expert in range(model.num_logical_experts)]
                    for layer in range(model.num_moe_layers)
                ]
            )
            if not is_profile:
                state.last_expert_load = load
            if not self.is_async or is_profile:
                wanted = self._ask_policy(state, load)
                if not is_profile:
                    state.physical_to_logical_map = wanted
                    model.move_weights(wanted, range(model.num_moe_layers))
            else:
                state.wanted, state.layer, state.rebalanced = None, 0, True
        if self.is_async and not is_profile:
            self._wake.put(None)

    def _ask_policy(self, state, load):
        slots = state.model.num_physical_experts
        return self.policy.rebalance_experts(load, slots, 1, 1, dist.get_world_size(), state.physical_to_logical_map.cpu())

    def _work(self):
        while True:
            self._wake.get()
            for state in self.model_states.values():
                state.wanted = self._ask_policy(state, state.last_expert_load)

    def _move_layer(self, state):
        rows = state.physical_to_logical_map.tolist()
        rows[state.layer] = state.wanted[state.layer]
        state.physical_to_logical_map = torch.tensor(rows)
        state.model.move_weights(state.wanted, [state.layer])
        state.layer += 1
        if state.layer == state.model.num_moe_layers:
            state.rebalanced = False
