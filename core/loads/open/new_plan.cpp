#include "core/loads/open/new_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/placement/eplb/eplb.h"

namespace moescope {
namespace {

void require(bool condition, const char* place, const std::string& problem, const char* remedy) {
  if (!condition) throw Error("new plan", place, problem, remedy);
}

}  // namespace

NewPlan suggest_plan(const LoadSet& loads) {
  NewPlan plan;
  plan.gpus = std::max(loads.num_gpus.value_or(8), 1);
  plan.nodes = plan.gpus % 8 == 0 ? plan.gpus / 8 : 1;
  const int per_gpu = (loads.experts + plan.gpus - 1) / plan.gpus;
  plan.slot_count = per_gpu * plan.gpus;
  if (plan.slot_count == loads.experts) plan.slot_count += plan.gpus;
  if (loads.running_map && !loads.running_map->empty()) {
    plan.start = NewPlan::Start::Running;
    plan.slot_count = static_cast<int>(loads.running_map->front().size());
  }
  return plan;
}

int new_plan_slots(const NewPlan& wanted, const LoadSet& loads) {
  const bool running =
      wanted.start == NewPlan::Start::Running && loads.running_map && !loads.running_map->empty();
  return running ? static_cast<int>(loads.running_map->front().size()) : wanted.slot_count;
}

void check_new_plan(const NewPlan& wanted, const LoadSet& loads) {
  require(wanted.start != NewPlan::Start::Running || loads.running_map, "running plan",
          "the loads do not say which placement ran", "Start with the experts in order");
  const int experts = loads.experts, slots = new_plan_slots(wanted, loads);
  require(wanted.gpus > 0 && wanted.gpus <= kMaxPlanGpus && wanted.nodes > 0 &&
              wanted.gpus % wanted.nodes == 0,
          "GPUs", fmt::format("{} GPUs do not divide over {} nodes", wanted.gpus, wanted.nodes),
          "Choose GPUs as a multiple of nodes");
  require(slots <= kMaxPlanSlots && slots % wanted.gpus == 0, "slots",
          fmt::format("{} slots do not divide over {} GPUs", slots, wanted.gpus),
          "Choose slots as a multiple of GPUs");
  require(slots >= experts, "slots", fmt::format("{} slots cannot hold {} experts", slots, experts),
          "Choose at least as many slots as experts");
  require(wanted.groups > 0 && experts % wanted.groups == 0, "groups",
          fmt::format("{} experts do not divide into {} groups", experts, wanted.groups),
          "Choose the groups of the model's router, or 1");
}

Plan make_plan(const NewPlan& wanted, const LoadSet& loads, int first_window, int last_window) {
  check_new_plan(wanted, loads);
  const int slots = new_plan_slots(wanted, loads);
  Plan plan{.num_gpus = wanted.gpus,
            .num_nodes = wanted.nodes,
            .num_groups = wanted.groups,
            .num_experts = loads.experts,
            .physical_to_logical = {},
            .layer_ids = loads.layer_ids};
  switch (wanted.start) {
    case NewPlan::Start::Running:
      plan.physical_to_logical = *loads.running_map;
      break;
    case NewPlan::Start::InOrder:
      plan.physical_to_logical.assign(static_cast<std::size_t>(loads.layers()),
                                      trivial_row(loads.experts, slots));
      break;
    case NewPlan::Start::Greedy:
      plan.physical_to_logical = eplb_plan(sum_windows(loads, first_window, last_window), slots,
                                           wanted.groups, wanted.nodes, wanted.gpus)
                                     .physical_to_logical;
      break;
  }
  return plan;
}

}  // namespace moescope
