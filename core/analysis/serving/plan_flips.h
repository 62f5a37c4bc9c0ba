// Changes of plan that a recording of the embedded runtime holds, and the times before and after
// one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/trace/trace.h"

namespace moescope {

/// A change that came into force.
struct PlanFlip {
  std::uint64_t ticket = 0;
  std::uint64_t epoch = 0;  ///< since then in force
  /// From the first copy of weights to the plan in force and verified; serving is disturbed by it.
  TimeRange change;
  TimeNs commit = 0;  ///< in it: when the copies were there and the units were stopped to change
  /// Not disturbed by another change, whatever became of that: from the end of the one before, or
  /// the begin of the trace, to the begin of the next one or of a rollback, or the end of the
  /// trace.
  TimeRange undisturbed;
};
/// In order of time; empty when no runtime recorded one. Changes that were refused or failed are
/// left out. Throws Error when a chunk cannot be read.
std::vector<PlanFlip> plan_flips(const Trace& trace);

/// Equally long, so that sums of both can be compared.
struct BeforeAfter {
  TimeRange before, after;
  bool copying = false;  ///< `before` reaches into the time in which weights were copied
};
/// The time up to a change and from its end, undisturbed by others, both as long as the shorter
/// one. Where copying took longer than what lies before it, that belongs to the time before too:
/// the old plan was in force. Nullopt when one of them would be empty.
std::optional<BeforeAfter> around(const PlanFlip& flip);

}  // namespace moescope
