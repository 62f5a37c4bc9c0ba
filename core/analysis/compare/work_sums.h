// Adding up the GPU work of a trace by name and class, and by step.
#pragma once

#include <optional>
#include <unordered_map>

#include "core/analysis/compare/side.h"

namespace moescope {

/// The steps of one device by begin.
class StepsOfDevice {
 public:
  StepsOfDevice(const TraceSteps& steps, const DeviceKey& key);
  /// Index in TraceSteps of the step in which `time` lies; nullopt between steps.
  std::optional<std::size_t> at(TimeNs time) const;

 private:
  std::vector<std::pair<TimeRange, std::size_t>> ranges_;
};

/// Which spans count.
struct WorkPart {
  std::optional<TimeRange> window;  ///< those that begin in it
  bool in_steps = false;            ///< only those that begin in one of the steps
};

/// Fills kernels and classes of `side`, of which trace, analysis and steps are known. Throws
/// Cancelled, Error.
void add_work(CompareSide& side, const WorkPart& part, const Progress& progress);
/// Fills the layers, from the scopes of its analysis.
void add_layers(CompareSide& side, const Progress& progress);

}  // namespace moescope
