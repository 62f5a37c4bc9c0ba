"""SGLang 0.5.12 and later: six hooks, of which one runs in every pass. Entry point group `sglang.srt.plugins`.

The names are those of sglang/srt/eplb/eplb_manager.py, eplb_algorithms/__init__.py and expert_distribution.py, and
HookRegistry that of sglang/srt/plugins/hook_registry.py.
"""

import pkgutil
import time

from .consent import job_store
from .control import Control, version_of
from .faults import Faults
from .plans import Shape, logical_to_slots
from .settings import read_settings

MANAGER = "sglang.srt.eplb.eplb_manager.EPLBManager"
ALGORITHM = "sglang.srt.eplb.eplb_algorithms.rebalance_experts"
DUMP = "sglang.srt.eplb.expert_distribution._ExpertDistributionRecorderReal.dump_record"

rank = None  # the SglangRank of this process: a scheduler has one EPLBManager
faults = Faults()


class SglangRank:
    def __init__(self, settings):
        import torch.distributed as dist
        from sglang.srt.eplb.expert_location import get_global_expert_location_metadata
        from sglang.srt.runtime_context import get_exec

        missing = [target for target, _, _ in hooks() if not hasattr(pkgutil.resolve_name(target), "__wrapped__")]
        if missing:  # HookRegistry only logs a target that it could not find
            raise RuntimeError(f"this SGLang has no {', '.join(missing)}")
        self._metadata = get_global_expert_location_metadata
        metadata = self._metadata()
        layers, slots = metadata.physical_to_logical_map_cpu.shape
        self.shape = Shape(layers, slots, metadata.num_logical_experts, metadata.ep_size)
        facts = {
            "engine": "sglang", "version": version_of("sglang"), "rank": dist.get_rank(), "size": dist.get_world_size(),
            # WORLD, because the engine's own all-reduce of the counts and its copies use it.
            "instance": "sglang", "ranks": metadata.ep_size,
            # Under elastic EP a held map would stand in the way of the engine's recovery from a lost rank.
            "refuses": "elastic EP changes the map itself" if get_exec().moe.elastic_ep_backend else None,
        }
        self.control = Control(settings, facts, self.shape, self.rows, self.prepare, job_store)
        self.armed = self.due = None
        self.busy = False

    def rows(self):
        return self._metadata().physical_to_logical_map_cpu.tolist()

    def prepare(self, rows):
        """The three maps of rebalance_experts() as tensors, before this rank votes."""
        import torch

        slots, counts = logical_to_slots(rows, self.shape.experts)
        return [torch.tensor(values, dtype=torch.int64) for values in (rows, slots, counts)]

    def before_pass(self, manager):
        plan = self.control.tick()
        if plan is not None:
            self.due = plan
        if self.control.passes == 1:
            self.control.layers_known(sorted(manager._get_model().routed_experts_weights_of_layer))
        if self.due is not None and not self.busy:  # a move in chunks is finished first
            self.armed, self.due = self.due, None
            manager._main_generator = self._forced(manager)

    def _forced(self, manager):
        yield from manager.rebalance()
        yield from manager._entrypoint()

    def rebalance(self, original, manager):
        plan, self.busy = self.armed, True
        started = time.perf_counter_ns()
        try:
            yield from original(manager)
        finally:
            self.busy, self.armed = False, None
        try:
            self.control.map_is(self.rows(), started, plan)
        except Exception as error:
            self.control.faults.note("report", error)


def on_init(_, manager, *args, **kwargs):
    global rank
    rank = None
    settings = read_settings()
    if not settings.socket:
        return
    try:
        rank = SglangRank(settings)
        rank.control.start()
    except Exception as error:
        faults.note("start; the engine runs without MoEscope", error)
        rank = None


def on_pass(original, manager):
    if rank is not None:
        try:
            rank.before_pass(manager)
        except Exception as error:
            rank.control.faults.note("pass", error)
    return original(manager)


def on_rebalance(original, manager):
    if rank is None:
        return original(manager)
    return rank.rebalance(original, manager)


def on_check(original, manager, rate):
    if rank is not None:
        if rank.armed is not None:
            return True  # eplb_min_rebalancing_utilization_threshold must not swallow a plan
        if rank.control.hold:
            return False  # the engine's interval goes on and its counts are read; its map is not taken
    return original(manager, rate)


def on_dump(result, recorder, output_mode="file"):
    if rank is None or not rank.control.lead or output_mode != "object":
        return
    try:
        counts = result["logical_count"]
        rank.control.loads_are(counts.sum(0).tolist(), counts.shape[0])
    except Exception as error:
        rank.control.faults.note("loads", error)


def on_algorithm(original, *args, **kwargs):
    plan = rank.armed if rank is not None and rank.busy else None
    if plan is None:
        return original(*args, **kwargs)
    tokens = kwargs["tokens_per_expert"] if "tokens_per_expert" in kwargs else args[0]
    return tuple(values.to(tokens.device) for values in plan.prepared)


def hooks():
    from sglang.srt.plugins.hook_registry import HookType

    return (
        (MANAGER + ".__init__", on_init, HookType.AFTER),
        (MANAGER + ".on_forward_pass_end", on_pass, HookType.AROUND),
        (MANAGER + ".rebalance", on_rebalance, HookType.AROUND),
        (MANAGER + "._check_rebalance_needed", on_check, HookType.AROUND),
        (ALGORITHM, on_algorithm, HookType.AROUND),
        (DUMP, on_dump, HookType.AFTER),
    )


def register():
    """Called by the engine's plugin loader, in every process of it. Starts nothing."""
    try:
        from sglang.srt.plugins.hook_registry import HookRegistry

        for target, hook, kind in hooks():
            HookRegistry.register(target, hook, kind)
    except Exception as error:
        faults.note("registration; the engine runs without MoEscope", error)
