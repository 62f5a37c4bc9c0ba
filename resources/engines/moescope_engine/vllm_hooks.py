"""vLLM: wraps three methods of EplbState. Entry point group `vllm.general_plugins`.

The names are those of vllm/distributed/eplb/eplb_state.py and policy/default.py, written against vLLM 0.33. The loader
of vLLM does not guard its plugins, and loads them several times: nothing here raises, and wrapping happens once.
"""

import functools
import time

from .consent import job_store
from .control import Control, version_of
from .faults import Faults
from .plans import Shape
from .settings import read_settings

WRAPPED = ("add_model", "step", "rearrange")
faults = Faults()


class Policy:
    """Stands before the policy that the engine chose, on one EplbState. In async mode the engine's worker thread calls
    it; what it gives was decided by the main thread before it woke the worker."""

    def __init__(self, inner, rank):
        self._inner, self._rank = inner, rank

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def rebalance_experts(self, weight, num_replicas, *args, **kwargs):
        chosen = self._rank.chosen(weight.shape[0], num_replicas, args, kwargs)
        if chosen is not None:
            return chosen
        return self._inner.rebalance_experts(weight, num_replicas, *args, **kwargs)


class VllmRank:
    def __init__(self, settings, state):
        import torch.distributed as dist
        from vllm.distributed.eplb import eplb_state

        self.state = state
        # The first model is the one that is served; a draft model keeps the engine's policy.
        self.model = next(iter(state.model_states.values()))
        group = eplb_state.get_ep_group().device_group
        ranks = dist.get_process_group_ranks(group)
        layers, slots = self.model.physical_to_logical_map.shape
        self.shape = Shape(layers, slots, self.model.model.num_logical_experts, group.size())
        facts = {
            "engine": "vllm", "version": version_of("vllm"), "rank": group.rank(), "size": group.size(),
            # The ranks of this expert-parallel group only: with pipeline stages there are several.
            "instance": f"vllm{ranks[0]}", "ranks": group.size(),
            "refuses": "elastic EP changes the map itself" if state.parallel_config.enable_elastic_ep else None,
        }
        self.control = Control(settings, facts, self.shape, self.rows, self.prepare, job_store)
        self.armed = None  # agreed on, waits for the next rearrangement
        self.moving = False  # between a rearrangement and its last layer
        self.inflight = None  # the plan that it moves to, None: the engine's own
        self.special = False  # a rearrangement to profile or to scale: none of our business
        self.calls = 0  # of the policy in this rearrangement: the first is for the first model
        self.started = 0

    def rows(self):
        return self.model.physical_to_logical_map.cpu().tolist()

    def prepare(self, rows):
        """The map as the policy returns it, before this rank votes."""
        import torch

        return torch.tensor(rows, dtype=torch.int64)

    def before_step(self):
        plan = self.control.tick()
        if plan is not None:
            self.armed = plan
        if self.control.passes == 1:
            self.control.layers_known(range(self.shape.layers))
        state = self.state
        if self.armed is not None and state.expert_rearrangement_step < state.expert_rearrangement_step_interval:
            # step() adds one, finds its interval over and rearranges; while an async move runs it waits by itself.
            state.expert_rearrangement_step = state.expert_rearrangement_step_interval - 1

    def before_rearrange(self, special):
        self.special, self.calls = special, 0
        if special:
            return
        if self.moving:  # its last layer was put in place in this very step
            self.report()
        self.inflight, self.armed, self.moving = self.armed, None, True
        self.started = time.perf_counter_ns()

    def chosen(self, layers, replicas, args, kwargs):
        """What the policy gives in place of its own: the plan, on hold the map as it is, None: its own."""
        self.calls += 1
        if self.special or (layers, replicas) != (self.shape.layers, self.shape.slots):
            return None
        if self.inflight is not None:
            return self.inflight.prepared if self.calls == 1 else None
        current = kwargs.get("old_global_expert_indices", args[3] if len(args) > 3 else None)
        return current.clone() if self.control.hold and self.calls == 1 and current is not None else None

    def after_rearrange(self):
        if not self.special and self.control.lead:
            self.control.loads_are(self.model.last_expert_load.cpu().tolist(), 0)

    def after_step(self):
        if self.moving and not any(model.rebalanced for model in self.state.model_states.values()):
            self.report()

    def report(self):
        plan, self.inflight, self.moving = self.inflight, None, False
        self.control.map_is(self.rows(), self.started, plan)


def _guarded(rank, place, call, *arguments):
    try:
        call(*arguments)
    except Exception as error:
        rank.control.faults.note(place, error)


def wrap_step(original):
    @functools.wraps(original)
    def step(self, is_dummy=False, is_profile=False, *args, **kwargs):
        rank = self.__dict__.get("_moescope")
        if rank is None or is_profile:
            return original(self, is_dummy, is_profile, *args, **kwargs)
        _guarded(rank, "pass", rank.before_step)
        result = original(self, is_dummy, is_profile, *args, **kwargs)
        _guarded(rank, "pass", rank.after_step)
        return result

    return step


def wrap_rearrange(original):
    @functools.wraps(original)
    def rearrange(self, is_profile=False, rank_mapping=None, *args, **kwargs):
        rank = self.__dict__.get("_moescope")
        if rank is None:
            return original(self, is_profile, rank_mapping, *args, **kwargs)
        special = is_profile or rank_mapping is not None or any(args) or bool(kwargs.get("use_last_expert_load"))
        _guarded(rank, "rearrangement", rank.before_rearrange, special)
        result = original(self, is_profile, rank_mapping, *args, **kwargs)
        _guarded(rank, "loads", rank.after_rearrange)
        return result

    return rearrange


def wrap_add_model(original):
    @functools.wraps(original)
    def add_model(self, *args, **kwargs):
        result = original(self, *args, **kwargs)
        if "_moescope" not in self.__dict__:
            self._moescope = _start(self)
        if self._moescope is not None:
            self.policy = Policy(self.policy, self._moescope)  # add_model() chooses it anew for each model
        return result

    return add_model


def _start(state):
    settings = read_settings()
    if not settings.socket:
        return None
    try:
        rank = VllmRank(settings, state)
        rank.control.start()
        return rank
    except Exception as error:
        faults.note("start; the engine runs without MoEscope", error)
        return None


def register():
    """Called by the engine's plugin loader, in every process of it. Starts nothing."""
    try:
        from vllm.distributed.eplb.eplb_state import EplbState

        if hasattr(EplbState.step, "__wrapped__"):
            return
        missing = [name for name in WRAPPED if not hasattr(EplbState, name)]
        if missing:
            raise RuntimeError(f"EplbState of this vLLM has no {', '.join(missing)}")
        EplbState.add_model = wrap_add_model(EplbState.add_model)
        EplbState.step = wrap_step(EplbState.step)
        EplbState.rearrange = wrap_rearrange(EplbState.rearrange)
    except Exception as error:
        faults.note("registration; the engine runs without MoEscope", error)
