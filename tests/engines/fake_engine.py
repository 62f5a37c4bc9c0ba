#!/usr/bin/env python3
"""Ranks of a fake engine with the real plugin in them: processes that make a pass together, as an all-to-all makes them.

Until FOLDER/stop exists or --passes are over; then FOLDER/rank-N.json says what each rank saw. Every value of a fake
weight is the expert it belongs to, so that a wrong move is seen.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PLUGIN = os.path.join(HERE, "..", "..", "resources", "engines")
sys.path[:0] = [os.path.join(HERE, "fakes"), PLUGIN]

LAYERS, DENSE, EXPERTS, SLOTS = 5, 1, 8, 12
MANY = 10**9


class Model:
    """What the engines ask of a model, and its weights: of this rank's slots in each layer, the expert."""

    def __init__(self, rank, ranks, first_layer):
        self.num_moe_layers, self.num_logical_experts, self.num_physical_experts = LAYERS, EXPERTS, SLOTS
        self._mine = slice(rank * SLOTS // ranks, (rank + 1) * SLOTS // ranks)
        start = [slot % EXPERTS for slot in range(SLOTS)][self._mine]
        self.routed_experts_weights_of_layer = {layer: list(start) for layer in range(first_layer, LAYERS)}

    def move_weights(self, wanted, layers):
        for layer in layers:
            self.routed_experts_weights_of_layer[layer] = wanted[layer][self._mine]

    def wrong(self, rows):
        return sum(weights != rows[layer][self._mine] for layer, weights in self.routed_experts_weights_of_layer.items())


class Sglang:
    def __init__(self, options, rank, meet):
        from sglang.srt.eplb import eplb_manager, expert_distribution, expert_location
        from sglang.srt.plugins.hook_registry import HookRegistry
        from sglang.srt.runtime_context import get_exec

        moe = get_exec().moe
        moe.eplb_rebalance_num_iterations, moe.layers_per_chunk = options.interval, options.chunk
        moe.elastic_ep_backend = "mooncake" if options.elastic else None
        if options.without != rank:
            from moescope_engine import sglang_hooks

            sglang_hooks.register()
            HookRegistry.apply_hooks()
        expert_location.set_global_expert_location_metadata(
            expert_location.ExpertLocationMetadata(LAYERS, SLOTS, EXPERTS, options.ranks)
        )
        expert_distribution.set_global_expert_distribution_recorder(
            expert_distribution._ExpertDistributionRecorderReal(LAYERS, EXPERTS, DENSE)
        )
        self._location = expert_location
        self.model = Model(rank, options.ranks, DENSE)
        self._manager = eplb_manager.EPLBManager(get_model=lambda: self.model)
        self._manager._rebalance_disabled_reason = "scaling" if options.disabled else None

    def step(self):
        self._manager.on_forward_pass_end()

    def rows(self):
        return self._location.get_global_expert_location_metadata().physical_to_logical_map_cpu.tolist()

    def control(self):
        hooks = sys.modules.get("moescope_engine.sglang_hooks")
        return hooks.rank.control if hooks is not None and hooks.rank is not None else None


class Vllm:
    def __init__(self, options, rank, meet):
        from types import SimpleNamespace

        from vllm.distributed.eplb import eplb_state

        if options.without != rank:
            from moescope_engine import vllm_hooks

            vllm_hooks.register()
            vllm_hooks.register()  # as vLLM may do
        config = SimpleNamespace(
            use_async=options.use_async, step_interval=options.interval, enable_elastic_ep=options.elastic
        )
        self._state = eplb_state.EplbState(config, meet)
        self.model = Model(rank, options.ranks, 0)
        self._state.add_model(self.model, "served")
        if options.draft:
            self._state.add_model(Model(rank, options.ranks, 0), "draft")
        self._state.step(is_profile=True)
        self._state.start_async_loop()

    def step(self):
        self._state.step()

    def rows(self):
        return self._state.model_states["served"].physical_to_logical_map.tolist()

    def control(self):
        rank = self._state.__dict__.get("_moescope")
        return rank.control if rank is not None else None


class Meeting:
    """All ranks at one place, as a collective: `ready` everywhere, or nowhere."""

    def __init__(self, ranks):
        self._barrier = multiprocessing.Barrier(ranks)
        self._votes = multiprocessing.Array("i", ranks)
        self._ranks = ranks
        self.rank = 0

    def __call__(self, ready=True):
        self._votes[self.rank] = int(ready)
        self._barrier.wait(30)
        everywhere = sum(self._votes) == self._ranks
        self._barrier.wait(30)
        return everywhere


def run_rank(options, rank, meet):
    import torch.distributed as dist

    meet.rank = rank
    dist.init(rank, options.ranks, options.folder)
    engine = {"sglang": Sglang, "vllm": Vllm}[options.engine](options, rank, meet)
    control = engine.control()
    if options.veto == rank and control is not None:
        control.agree._prepare = _refuse
    changes, wrong, longest, passes = [], 0, 0.0, 0
    while passes < options.passes:
        passes += 1
        started = time.perf_counter()
        engine.step()
        longest = max(longest, time.perf_counter() - started)
        rows = engine.rows()
        if not changes or changes[-1][1] != rows:
            changes.append([passes, rows])
        wrong += engine.model.wrong(rows)
        time.sleep(options.gap)
        going_on = not os.path.exists(os.path.join(options.folder, "stop")) if rank == 0 else True
        if not meet(going_on):
            break
    with open(os.path.join(options.folder, f"rank-{rank}.json"), "w") as file:
        json.dump(
            {
                "passes": passes, "changes": changes, "wrong": wrong, "longest": longest, "plugin": control is not None,
                "hold": control.hold if control else None, "faults": control.faults.counts() if control else {},
                "waits": control.agree.waits if control and control.agree else None,
            },
            file,
        )


def _refuse(rows):
    raise ValueError("this rank was told to say no")


def parse(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=("sglang", "vllm"), required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--passes", type=int, default=MANY)
    parser.add_argument("--gap", type=float, default=0.001, help="seconds between passes")
    parser.add_argument("--interval", type=int, default=40, help="passes between the engine's own rebalances")
    parser.add_argument("--chunk", type=int, default=0, help="layers moved in a pass (SGLang)")
    parser.add_argument("--use-async", action="store_true", help="vLLM")
    parser.add_argument("--draft", action="store_true", help="a draft model beside (vLLM)")
    parser.add_argument("--elastic", action="store_true")
    parser.add_argument("--disabled", action="store_true", help="rebalancing is disabled for now (SGLang)")
    parser.add_argument("--without", type=int, help="a rank that has no plugin")
    parser.add_argument("--veto", type=int, help="a rank that says no to every plan")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    context = multiprocessing.get_context("fork")
    meet = Meeting(options.ranks)
    ranks = [context.Process(target=run_rank, args=(options, rank, meet)) for rank in range(options.ranks)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join()
    return max(abs(process.exitcode) for process in ranks)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
