#include "gpu/engine/unit/unit_options.h"

#include <fmt/format.h>

#include "core/error.h"
#include "gpu/engine/placement/active_slots.h"
#include "gpu/engine/rank/tensor_layout.h"

namespace moescope::runtime {

void check_unit(const UnitParts& parts) {
  const ModelConfig& config = parts.model->config;
  const Group& group = parts.group;
  const UnitOptions& options = parts.options;
  const Placement& placement = parts.placement;
  if (group.nodes < 1 || group.size < 1 || group.size % group.nodes != 0)
    throw Error(
        "layout", "",
        fmt::format("{} ranks cannot be spread evenly over {} nodes", group.size, group.nodes));
  if (placement.ranks() != group.size)
    throw Error(
        "layout", "plan",
        fmt::format("the plan is for {} ranks, the unit has {}", placement.ranks(), group.size));
  if (config.moe_layers() > 0 && placement.layers() != config.moe_layers())
    throw Error("layout", "plan",
                fmt::format("the plan has {} layers, the model has {} MoE layers",
                            placement.layers(), config.moe_layers()));
  if (options.route_shared && config.shared_experts == 0)
    throw Error("layout", "shared expert", "the model has none that could be routed");
  const int experts = logical_experts(config, options.route_shared);
  if (config.moe_layers() > 0 && placement.experts() != experts)
    throw Error("layout", "plan",
                fmt::format("the plan places {} experts, the model has {}{}", placement.experts(),
                            experts, options.route_shared ? " with the shared one" : ""));
  if (options.active_slots > 0) check_active_slots(placement, options.active_slots);
  if (options.micro_batches < 1 || options.micro_batches > kMaxMicroBatches)
    throw Error("layout", "micro-batches", "expected 1 or 2");
  check_tensor_parallel(config, group, options.tp);
}

}  // namespace moescope::runtime
