// Ranks of a trace, the worst first, and which of them are alike.
#pragma once

#include <optional>
#include <vector>

#include "core/analysis/overlap/overlap.h"

namespace moescope {

/// Sums of one process over its devices, ns; at least one device has work.
struct RankFigures {
  ProcessId process = 0;
  std::optional<int> rank;
  TimeNs span = 0;  ///< of the device with the longest, as in OverlapFigures
  TimeNs compute = 0, exposed = 0;
  DeviceKey most_exposed;  ///< its device with the most exposed communication, the first of equals
};

enum class RankOrder : std::uint8_t {
  Number,   ///< by rank number; processes without one last
  Exposed,  ///< most exposed communication first
  Compute,  ///< most time of compute first: the stragglers that others wait for
};

/// Figures of every rank with GPU work, by rank number; over `window` when given, else of the whole
/// trace.
std::vector<RankFigures> rank_figures(const Trace& trace,
                                      const std::vector<DeviceActivity>& activity,
                                      const std::vector<DeviceOverlap>& overlap,
                                      std::optional<TimeRange> window);

/// Equal ranks stay in the order they have.
void sort_ranks(std::vector<RankFigures>& ranks, RankOrder order);

/// Indices of `ranks`, those that are alike together: compute and exposed communication each differ
/// by at most `percent` of the longest span from the first of them. A group stands where its first
/// one does.
std::vector<std::vector<std::size_t>> alike_ranks(const std::vector<RankFigures>& ranks,
                                                  double percent);

}  // namespace moescope
