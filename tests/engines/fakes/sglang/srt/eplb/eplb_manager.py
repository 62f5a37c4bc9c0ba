"""Imitates sglang/srt/eplb/eplb_manager.py: a generator that every pass advances. Order of calls in a rebalance: the
recorder's dump, the question whether it is needed, the algorithm, then the map and the weights, chunk by chunk with a
pass in between."""

from sglang.srt.eplb import eplb_algorithms
from sglang.srt.eplb.expert_distribution import get_global_expert_distribution_recorder
from sglang.srt.eplb.expert_location import get_global_expert_location_metadata
from sglang.srt.runtime_context import get_exec


class EPLBManager:
    def __init__(self, *, get_model):
        self._get_model = get_model
        self._rebalance_disabled_reason = None
        self._main_generator = self._entrypoint()

    def on_forward_pass_end(self):
        next(self._main_generator)

    def _entrypoint(self):
        while True:
            for _ in range(get_exec().moe.eplb_rebalance_num_iterations):
                yield
            yield from self.rebalance()

    def rebalance(self):
        if self._rebalance_disabled_reason is not None:
            return
        record = get_global_expert_distribution_recorder().dump_record(output_mode="object")
        if not self._check_rebalance_needed(record["average_utilization_rate_over_window"]):
            return
        metadata = get_global_expert_location_metadata()
        slots = metadata.physical_to_logical_map_cpu.shape[1]
        wanted, _, _ = eplb_algorithms.rebalance_experts(
            tokens_per_expert=record["logical_count"],
            num_physical_experts=slots,
            num_local_physical_experts=slots // metadata.ep_size,
            num_groups=None,
            num_nodes=1,
            algorithm="deepseek",
        )
        layers = sorted(self._get_model().routed_experts_weights_of_layer)
        chunk = get_exec().moe.layers_per_chunk or len(layers)
        for first in range(0, len(layers), chunk):
            if chunk < len(layers):
                yield
            metadata.update(wanted, update_layer_ids=layers[first : first + chunk])
            self._get_model().move_weights(wanted, layers[first : first + chunk])

    def _check_rebalance_needed(self, average_utilization_rate_over_window):
        return average_utilization_rate_over_window <= 1.0
