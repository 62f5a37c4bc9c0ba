// Edits of a plan as values: what each touched slot held before and holds after. Undo applies the
// inverse; no copies of plans are kept.
#pragma once

#include <vector>

#include "core/placement/plan.h"

namespace moescope {

/// What a slot holds.
struct SlotValue {
  int expert = kNoExpert;
  double weight = 0;  ///< share of its expert's tokens; 0 in plans without replica weights
  friend bool operator==(const SlotValue&, const SlotValue&) = default;
};

struct SlotChange {
  int layer = 0, slot = 0;
  SlotValue before, after;
  friend bool operator==(const SlotChange&, const SlotChange&) = default;
};

/// Changes in the order they are made. A slot may occur more than once.
struct PlanEdit {
  std::vector<SlotChange> changes;
  bool weighted_before = false, weighted_after = false;  ///< the plan has replica weights
  std::vector<int> dead_before, dead_after;              ///< ascending

  bool empty() const {
    return changes.empty() && weighted_before == weighted_after && dead_before == dead_after;
  }
  friend bool operator==(const PlanEdit&, const PlanEdit&) = default;
};

PlanEdit inverse(const PlanEdit& edit);
/// One edit that does `first`, then `second`.
PlanEdit joined(PlanEdit first, const PlanEdit& second);

/// What slot `slot` of layer `layer` holds.
SlotValue slot_value(const Plan& plan, int layer, int slot);

/// Makes `edit` in `plan`. Throws Error when a slot is not there or does not hold what the edit
/// says it held before; the plan may then be changed in part.
void apply_edit(Plan& plan, const PlanEdit& edit);

/// An edit without changes that fits `plan`.
PlanEdit no_change(const Plan& plan);
/// The edit that turns `from` into `to`: slots, replica weights and dead GPUs. Throws Error when
/// layers, slots, GPUs or experts differ.
PlanEdit difference(const Plan& from, const Plan& to);
/// Slot `slot` gets a copy of `expert`. With replica weights the new copy takes an equal share and
/// the others of both experts are scaled so that they sum to 1.
PlanEdit place_expert(const Plan& plan, int layer, int slot, int expert);
/// The slots exchange experts and weights.
PlanEdit swap_slots(const Plan& plan, int layer, int a, int b);
/// Empties all slots of `gpu` and marks it as dead; its experts then need other places.
PlanEdit fail_gpu(const Plan& plan, int gpu);
/// Removes the mark; the slots stay empty until they are filled.
PlanEdit revive_gpu(const Plan& plan, int gpu);

}  // namespace moescope
