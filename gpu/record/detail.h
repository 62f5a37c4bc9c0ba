// How much of what ranks log goes into a recording: all of it, or sums of each step when a program
// that takes the recording cannot keep up. Sums come before anything is dropped.
#pragma once

#include <cstdint>
#include <vector>

#include "core/node/recorded_detail.h"
#include "gpu/record/rank_log.h"

namespace moescope::runtime {

using Detail = RecordedDetail;

/// Decides by how full the buffers are. Goes down at once and up again only after a while with
/// little in them, so that it does not flicker.
class DetailGovernor {
 public:
  static constexpr double kHigh = 0.5, kLow = 0.1;      ///< shares of a buffer
  static constexpr std::int64_t kCalm = 2'000'000'000;  ///< ns below kLow
  /// `fullness` of the fullest buffer, 0 to 1, at `now` (ns of any clock, rising).
  Detail update(double fullness, std::int64_t now);
  Detail detail() const { return detail_; }

 private:
  Detail detail_ = Detail::Spans;
  std::int64_t calm_since_ = -1;
};

/// What one rank did in one step.
struct StepSummary {
  std::uint32_t step = 0;
  std::int64_t begin = 0, end = 0;                           ///< ns of the steady clock
  std::uint64_t spans = 0;                                   ///< that it stands for
  std::int64_t compute = 0, communication = 0, overlap = 0;  ///< ns, unions as in every analysis
  std::uint64_t nvlink_bytes = 0, ib_bytes = 0;
  std::int64_t exposed() const { return communication - overlap; }
};

/// Sums the spans of one rank step by step, in whatever order its streams hand them over.
class StepSums {
 public:
  void add(const SpanRecord& span);
  /// The steps before the newest one, which may still grow; all of them when `last`.
  std::vector<StepSummary> take(bool last);

 private:
  struct Open {
    StepSummary sum;
    std::vector<std::pair<std::int64_t, std::int64_t>> compute, communication;
  };
  std::vector<Open> open_;  ///< by rising step
};

}  // namespace moescope::runtime
