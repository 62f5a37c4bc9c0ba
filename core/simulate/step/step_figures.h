// Overlap figures of simulated stages, by the definitions of the analysis.
#pragma once

#include <cstdint>
#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "core/simulate/step/schedule.h"

namespace moescope {

class StepFigures {
 public:
  explicit StepFigures(int gpus) : work_(static_cast<std::size_t>(gpus)) {}

  void add(const StageSpan& span);
  /// Of one GPU, over all that was added.
  OverlapFigures of(int gpu) const;
  /// Summed over the GPUs.
  OverlapFigures total() const;

 private:
  /// Spans of one role; one that goes on from the last makes it longer.
  struct Spans {
    std::vector<TimeRange> before;
    TimeRange last{};
    std::uint64_t count = 0;
    void add(TimeRange time);
    IntervalSet united() const;
  };
  struct Work {
    Spans comm, compute, wait;
  };
  std::vector<Work> work_;
};

}  // namespace moescope
