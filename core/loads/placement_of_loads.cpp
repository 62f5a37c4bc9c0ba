#include "core/loads/placement_of_loads.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/placement/validate.h"

namespace moescope {
namespace {

constexpr int kUsualGpus = 8, kUsualGroups = 8, kGpusOfNode = 8;

/// Largest divisor of `count` that is at most `wanted`.
int divisor(int count, int wanted) {
  for (int d = std::clamp(wanted, 1, count); d > 1; --d)
    if (count % d == 0) return d;
  return 1;
}

std::string misfit(const LoadSet& loads, const Plan& plan) {
  if (plan.layers() != loads.layers())
    return fmt::format("the plan is for {} layers, the loads have {}", plan.layers(),
                       loads.layers());
  if (plan.num_experts != loads.experts)
    return fmt::format("the plan is for {} experts, the loads have {}", plan.num_experts,
                       loads.experts);
  if (!plan.layer_ids.empty() && !loads.layer_ids.empty() && plan.layer_ids != loads.layer_ids)
    return "the plan is for other layers than the loads";
  const auto problems = validate_plan(plan);
  for (const auto& problem : problems)
    if (problem.severity == PlanProblem::Severity::Error)
      return "the plan has errors: " + to_string(problem);
  return "";
}

/// Nodes and groups, from the source or assumed.
void lay_out(const LoadSet& loads, const AssumedLayout& assumed, Plan& plan) {
  int nodes = loads.num_nodes.value_or(assumed.nodes);
  if (nodes < 1 || plan.num_gpus % nodes != 0)
    nodes = plan.num_gpus % kGpusOfNode == 0 ? plan.num_gpus / kGpusOfNode : 1;
  plan.num_nodes = nodes;
  const int groups = loads.num_groups.value_or(1);
  plan.num_groups = groups > 0 && loads.experts % groups == 0 ? groups : 1;
  plan.num_experts = loads.experts;
  plan.layer_ids = loads.layer_ids;
}

Plan running_plan(const LoadSet& loads, const AssumedLayout& assumed) {
  Plan plan;
  plan.physical_to_logical = *loads.running_map;
  const int slots = plan.slot_count();
  plan.num_gpus = loads.num_gpus.value_or(
      divisor(std::max(slots, 1), assumed.gpus > 0 ? assumed.gpus : kUsualGpus));
  lay_out(loads, assumed, plan);
  return plan;
}

Plan in_order(const LoadSet& loads, const AssumedLayout& assumed) {
  Plan plan;
  const int wanted = assumed.gpus > 0 ? assumed.gpus : loads.num_gpus.value_or(kUsualGpus);
  plan.num_gpus = divisor(loads.experts, wanted);
  std::vector<int> row(static_cast<std::size_t>(loads.experts));
  std::iota(row.begin(), row.end(), 0);
  plan.physical_to_logical.assign(static_cast<std::size_t>(loads.layers()), row);
  lay_out(loads, assumed, plan);
  return plan;
}

int groups_to_show(const LoadSet& loads, const AssumedLayout& assumed, const Plan& plan) {
  if (plan.num_groups > 1) return plan.num_groups;
  return divisor(loads.experts, assumed.groups > 0 ? assumed.groups : kUsualGroups);
}

}  // namespace

PlacementOfLoads placement_of_loads(const LoadSet& loads, const Plan* plan,
                                    const AssumedLayout& assumed) {
  PlacementOfLoads view;
  if (plan != nullptr) {
    view.note = misfit(loads, *plan);
    if (view.note.empty()) {
      view.origin = PlacementOfLoads::Origin::Plan;
      view.plan = *plan;
    }
  }
  if (view.origin == PlacementOfLoads::Origin::InOrder && loads.running_map) {
    Plan running = running_plan(loads, assumed);
    const auto problem = misfit(loads, running);
    if (problem.empty()) {
      view.origin = PlacementOfLoads::Origin::Running;
      view.plan = std::move(running);
      view.assumed_gpus = !loads.num_gpus;
    } else if (view.note.empty()) {
      view.note = "of the recorded placement: " + problem;
    }
  }
  if (view.origin == PlacementOfLoads::Origin::InOrder) {
    view.plan = in_order(loads, assumed);
    view.assumed_gpus = !loads.num_gpus || view.plan.num_gpus != *loads.num_gpus;
  }
  view.groups = groups_to_show(loads, assumed, view.plan);
  return view;
}

std::string describe(const PlacementOfLoads& view) {
  const auto gpus =
      fmt::format("{} GPUs{}", view.plan.num_gpus, view.assumed_gpus ? " (assumed)" : "");
  switch (view.origin) {
    case PlacementOfLoads::Origin::Plan:
      return fmt::format("under the plan: {} slots on {}", view.plan.slot_count(), gpus);
    case PlacementOfLoads::Origin::Running:
      return fmt::format("under the placement that ran: {} slots on {}", view.plan.slot_count(),
                         gpus);
    case PlacementOfLoads::Origin::InOrder:
      break;
  }
  return fmt::format("with experts in order on {}", gpus);
}

std::string describe(const PlacementOfLoads& view, std::optional<ReplicaRule> rule) {
  return rule ? fmt::format("{}, replicas by {}", describe(view), rule_title(*rule))
              : describe(view);
}

}  // namespace moescope
