#include "core/placement/edit/plan_edit.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace moescope {
namespace {

using Index = std::size_t;

Error misfit(int layer, int slot, const std::string& problem) {
  return Error("edit", fmt::format("layer {}, slot {}", layer, slot), problem,
               "Redo the edit on the current plan");
}

void check_place(const Plan& plan, int layer, int slot) {
  if (layer < 0 || layer >= plan.layers() || slot < 0 ||
      slot >= static_cast<int>(plan.physical_to_logical[static_cast<Index>(layer)].size()))
    throw misfit(layer, slot, "is not in the plan");
}

/// Adds a change of a slot's weight where it makes a difference.
void reweight(const Plan& plan, int layer, int slot, double weight, PlanEdit& edit) {
  const SlotValue before = slot_value(plan, layer, slot);
  if (before.weight != weight)
    edit.changes.push_back({layer, slot, before, {before.expert, weight}});
}

std::vector<int> other_slots(const Plan& plan, int layer, int expert, int except) {
  std::vector<int> slots;
  const auto& row = plan.physical_to_logical[static_cast<Index>(layer)];
  for (int s = 0; s < static_cast<int>(row.size()); ++s)
    if (row[static_cast<Index>(s)] == expert && s != except) slots.push_back(s);
  return slots;
}

/// The replicas that stay take over the share of the one in `slot`.
void take_over(const Plan& plan, int layer, int slot, PlanEdit& edit) {
  const SlotValue leaving = slot_value(plan, layer, slot);
  const auto rest = other_slots(plan, layer, leaving.expert, slot);
  double sum = 0;
  for (const int s : rest) sum += slot_value(plan, layer, s).weight;
  for (const int s : rest)
    reweight(
        plan, layer, s,
        sum > 0 ? slot_value(plan, layer, s).weight / sum : 1.0 / static_cast<double>(rest.size()),
        edit);
}

}  // namespace

PlanEdit inverse(const PlanEdit& edit) {
  PlanEdit back{.changes = {edit.changes.rbegin(), edit.changes.rend()},
                .weighted_before = edit.weighted_after,
                .weighted_after = edit.weighted_before,
                .dead_before = edit.dead_after,
                .dead_after = edit.dead_before};
  for (auto& change : back.changes) std::swap(change.before, change.after);
  return back;
}

PlanEdit joined(PlanEdit first, const PlanEdit& second) {
  first.changes.insert(first.changes.end(), second.changes.begin(), second.changes.end());
  first.weighted_after = second.weighted_after;
  first.dead_after = second.dead_after;
  return first;
}

SlotValue slot_value(const Plan& plan, int layer, int slot) {
  const auto l = static_cast<Index>(layer), s = static_cast<Index>(slot);
  const bool weighted = l < plan.replica_weight.size() && s < plan.replica_weight[l].size();
  return {plan.physical_to_logical[l][s], weighted ? plan.replica_weight[l][s] : 0.0};
}

void apply_edit(Plan& plan, const PlanEdit& edit) {
  if (edit.weighted_before == plan.replica_weight.empty() || edit.dead_before != plan.dead_gpus)
    throw Error("edit", "", "does not fit the plan", "Redo the edit on the current plan");
  if (edit.weighted_after && plan.replica_weight.empty())
    for (const auto& row : plan.physical_to_logical) plan.replica_weight.emplace_back(row.size());
  for (const auto& c : edit.changes) {
    check_place(plan, c.layer, c.slot);
    if (slot_value(plan, c.layer, c.slot) != c.before)
      throw misfit(c.layer, c.slot, fmt::format("does not hold expert {}", c.before.expert));
    const auto l = static_cast<Index>(c.layer), s = static_cast<Index>(c.slot);
    plan.physical_to_logical[l][s] = c.after.expert;
    if (l < plan.replica_weight.size() && s < plan.replica_weight[l].size())
      plan.replica_weight[l][s] = c.after.weight;
  }
  if (!edit.weighted_after) plan.replica_weight.clear();
  plan.dead_gpus = edit.dead_after;
}

PlanEdit no_change(const Plan& plan) {
  const bool weighted = !plan.replica_weight.empty();
  return {.changes = {},
          .weighted_before = weighted,
          .weighted_after = weighted,
          .dead_before = plan.dead_gpus,
          .dead_after = plan.dead_gpus};
}

PlanEdit difference(const Plan& from, const Plan& to) {
  const auto same_width = [&](Index l) {
    return from.physical_to_logical[l].size() == to.physical_to_logical[l].size();
  };
  bool same = from.layers() == to.layers() && from.num_gpus == to.num_gpus &&
              from.num_experts == to.num_experts;
  for (Index l = 0; same && l < from.physical_to_logical.size(); ++l) same = same_width(l);
  if (!same)
    throw Error("plan", "",
                fmt::format("has {} layers, {} slots, {} experts on {} GPUs; the other {}, {}, {} "
                            "on {}",
                            to.layers(), to.slot_count(), to.num_experts, to.num_gpus,
                            from.layers(), from.slot_count(), from.num_experts, from.num_gpus),
                "Open it as a separate plan");
  auto edit = no_change(from);
  edit.weighted_after = !to.replica_weight.empty();
  edit.dead_after = to.dead_gpus;
  for (int l = 0; l < from.layers(); ++l) {
    const auto& row = from.physical_to_logical[static_cast<Index>(l)];
    for (int s = 0; s < static_cast<int>(row.size()); ++s) {
      const auto before = slot_value(from, l, s), after = slot_value(to, l, s);
      if (before != after) edit.changes.push_back({l, s, before, after});
    }
  }
  return edit;
}

PlanEdit place_expert(const Plan& plan, int layer, int slot, int expert) {
  check_place(plan, layer, slot);
  auto edit = no_change(plan);
  const SlotValue before = slot_value(plan, layer, slot);
  if (before.expert == expert) return edit;
  SlotValue after{expert, 0};
  if (edit.weighted_before) {
    take_over(plan, layer, slot, edit);
    const auto others = other_slots(plan, layer, expert, slot);
    const double count = static_cast<double>(others.size());
    if (expert != kNoExpert) after.weight = 1 / (count + 1);
    for (const int s : others)
      reweight(plan, layer, s, slot_value(plan, layer, s).weight * count / (count + 1), edit);
  }
  edit.changes.push_back({layer, slot, before, after});
  return edit;
}

PlanEdit swap_slots(const Plan& plan, int layer, int a, int b) {
  check_place(plan, layer, a);
  check_place(plan, layer, b);
  auto edit = no_change(plan);
  const auto at_a = slot_value(plan, layer, a), at_b = slot_value(plan, layer, b);
  if (at_a == at_b) return edit;
  edit.changes = {{layer, a, at_a, at_b}, {layer, b, at_b, at_a}};
  return edit;
}

PlanEdit fail_gpu(const Plan& plan, int gpu) {
  auto edit = no_change(plan);
  if (gpu < 0 || gpu >= plan.num_gpus || plan.dead(gpu)) return edit;
  edit.dead_after.insert(std::upper_bound(edit.dead_after.begin(), edit.dead_after.end(), gpu),
                         gpu);
  Plan now = plan;  // weights of further replicas on the same GPU follow one another
  for (int l = 0; l < plan.layers(); ++l) {
    const int per_gpu =
        static_cast<int>(plan.physical_to_logical[static_cast<Index>(l)].size()) / plan.num_gpus;
    for (int s = gpu * per_gpu; s < (gpu + 1) * per_gpu; ++s) {
      const auto one = place_expert(now, l, s, kNoExpert);
      apply_edit(now, one);
      edit.changes.insert(edit.changes.end(), one.changes.begin(), one.changes.end());
    }
  }
  return edit;
}

PlanEdit revive_gpu(const Plan& plan, int gpu) {
  auto edit = no_change(plan);
  std::erase(edit.dead_after, gpu);
  return edit;
}

}  // namespace moescope
