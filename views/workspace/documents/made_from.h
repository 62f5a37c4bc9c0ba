// Which windows of which loads a plan was made from, so that others can judge it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "views/workspace/documents/load_document.h"

namespace moescope {

/// Remembered with a plan; found again in loads that grew, or lost their oldest windows, since.
struct MadeFrom {
  std::string source, unit;
  WindowRange windows;  ///< as numbered then; empty: made without any loads
  std::optional<WindowTime>
      time;  ///< begin of the first to end of the last, where windows have one
  friend bool operator==(const MadeFrom&, const MadeFrom&) = default;
};

MadeFrom made_from(const LoadSet& loads, WindowRange windows);

/// Which of the windows `judged` of `loads` made the plan: [first, last), counted from
/// judged.first; empty when none did. nullopt when that is unknown.
std::optional<std::pair<int, int>> windows_that_made(const MadeFrom& from, const LoadSet& loads,
                                                     WindowRange judged);

}  // namespace moescope
