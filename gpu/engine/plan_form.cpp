#include "gpu/engine/plan_form.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/placement/validate.h"
#include "gpu/engine/active_slots.h"
#include "gpu/engine/rank_runner.h"

namespace moescope::runtime {
namespace {

std::vector<int> layer_ids(const ModelConfig& config) {
  std::vector<int> ids;
  for (int layer = 0; layer < config.moe_layers(); ++layer)
    ids.push_back(config.dense_layers + layer);
  return ids;
}

}  // namespace

Placement placement_of(const Plan& plan, const ModelConfig& config, const PlanFrame& frame,
                       const std::string& source) {
  const int experts = logical_experts(config, frame.route_shared);
  PlanExpectation expected;
  expected.experts = experts;
  expected.layers = config.moe_layers();
  if (!plan.layer_ids.empty()) expected.layer_ids = layer_ids(config);
  throw_on_errors(validate_plan(plan, expected), source);
  if (plan.num_gpus != frame.ranks)
    throw Error(source, "",
                fmt::format("is for {} GPUs, a unit has {} ranks", plan.num_gpus, frame.ranks));
  if (!plan.dead_gpus.empty())
    throw Error(source, "", "names dead GPUs; every rank of a unit serves");
  Placement placement(plan.physical_to_logical, plan.replica_weight, experts, frame.ranks, source);
  if (frame.active_slots > 0) check_active_slots(placement, frame.active_slots);
  return placement;
}

Plan plan_of(const Placement& placement, const ModelConfig& config, const PlanFrame& frame) {
  Plan plan;
  plan.num_gpus = frame.ranks;
  plan.num_nodes = frame.nodes;
  plan.num_groups = frame.route_shared ? 1 : config.gate.groups;
  plan.num_experts = placement.experts();
  plan.physical_to_logical = placement.table();
  plan.replica_weight = placement.weights();
  plan.layer_ids = layer_ids(config);
  return plan;
}

Placement contiguous_placement(const ModelConfig& config, const PlanFrame& frame) {
  const int layers = config.moe_layers();
  return frame.route_shared ? Placement::contiguous_with_shared(layers, config.experts, frame.ranks)
                            : Placement::contiguous(layers, config.experts, frame.ranks);
}

}  // namespace moescope::runtime
