// Overlap figures of simulated stages, by the definitions of the analysis.
#pragma once

#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "core/simulate/schedule.h"

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
  struct Work {
    std::vector<TimeRange> comm, compute, wait;
  };
  std::vector<Work> work_;
};

}  // namespace moescope
