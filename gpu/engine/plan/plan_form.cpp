#include "gpu/engine/plan/plan_form.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/placement/validate.h"
#include "gpu/engine/placement/active_slots.h"

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

int slots_per_rank(const ModelConfig& config, const PlanFrame& frame) {
  return (config.experts + frame.ranks - 1) / frame.ranks + (frame.route_shared ? 1 : 0);
}

Placement contiguous_placement(const ModelConfig& config, const PlanFrame& frame) {
  const int routed = slots_per_rank(config, frame) - (frame.route_shared ? 1 : 0);
  std::vector<int> row;
  for (int rank = 0; rank < frame.ranks; ++rank) {
    for (int slot = rank * routed; slot < (rank + 1) * routed; ++slot)
      row.push_back(slot % config.experts);
    if (frame.route_shared) row.push_back(config.experts);
  }
  return Placement(std::vector(static_cast<std::size_t>(config.moe_layers()), row), {},
                   logical_experts(config, frame.route_shared), frame.ranks);
}

}  // namespace moescope::runtime
