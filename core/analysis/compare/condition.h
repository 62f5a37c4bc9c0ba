// Conditions on the change of a figure, for scripts: "exposed_comm_ns>+5%".
#pragma once

#include <string>
#include <string_view>

#include "core/analysis/compare/difference.h"

namespace moescope {

/// Holds when b - a lies beyond `limit`.
struct FailCondition {
  std::string text;  ///< as the user wrote it
  std::string figure;
  bool above = true;      ///< ">", else "<"
  bool relative = false;  ///< `limit` is percent of a
  double limit = 0;       ///< else in the unit of the figure; times in ns
};

/// Reads FIGURE, > or <, a signed number, and % or a unit of time (ns, us, ms, s; ns without).
/// Throws Error: no number, a unit that is none or that the figure cannot have.
FailCondition parse_condition(std::string_view text);

/// Of a figure of the whole. A rise from zero is beyond every percentage. Throws Error when there
/// is no such figure, or one side does not have it.
bool holds(const FailCondition& condition, const Comparison& comparison);

}  // namespace moescope
