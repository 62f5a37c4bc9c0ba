// Pinned and forbidden places as text: the file that `plan solve --constraints` reads, and the
// same keys inside plan files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/placement/solve/solve.h"

namespace moescope {

struct PlanConstraints {
  std::vector<SlotPin> pinned;
  std::vector<Forbidden> forbidden;

  bool empty() const { return pinned.empty() && forbidden.empty(); }
  /// Pinned slots of a row, ascending.
  std::vector<int> pinned_slots(int layer) const;
  bool is_pinned(int layer, int slot) const;
  bool is_forbidden(int layer, int gpu, int expert) const;
  friend bool operator==(const PlanConstraints&, const PlanConstraints&) = default;
};

/// {"pinned":[{"layer"?,"slot","expert"}],"forbidden":[{"layer"?,"gpu","expert"}]}; other keys are
/// ignored, so that a plan file serves as well. Throws Error when it is no such text.
PlanConstraints parse_constraints(std::string_view text, const std::string& source);

/// plan_json() with the constraints inside, for the editor's files. Readers of plans ignore them.
std::string plan_json(const Plan& plan, const PlanConstraints& constraints);

}  // namespace moescope
