// One of two things that are compared, a trace or a part of it: its figures, and how they vary from
// step to step.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/compare/noise.h"
#include "core/analysis/results.h"
#include "core/analysis/steps/steps.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// GPU work of one name or class over all devices. Times are sums of durations, ns: spans that
/// overlap add up. In a part of a trace the spans that begin there, whole.
struct WorkSum {
  SpanClass span_class = SpanClass::OtherCompute;
  std::string label;  ///< for people; the key of a kernel has its namespaces too
  std::uint64_t count = 0;
  TimeNs total = 0;
  /// Of the spans that began in each of the steps: ns, and how many. Empty when not known.
  std::vector<double> per_step, runs_per_step;
};

/// Figures of a layer, in this order: length, compute, communication, exposed communication; ns.
inline constexpr TimeNs OverlapFigures::*kLayerFigures[] = {
    &OverlapFigures::span, &OverlapFigures::compute, &OverlapFigures::comm,
    &OverlapFigures::exposed};
inline constexpr std::size_t kLayerFigureCount = std::size(kLayerFigures);

/// One layer over all devices.
struct LayerSum {
  using Figures = std::array<double, kLayerFigureCount>;
  Figures sum{};
  std::array<Samples, kLayerFigureCount> samples;  ///< of its occurrences
  std::vector<Figures> per_step;                   ///< of the occurrences that began in each step
};

/// Everything that is compared.
struct CompareSide {
  TracePtr trace;
  AnalysisPtr analysis;  ///< of the part that is compared
  /// The steps in it. Of a side that is one step itself: the others of its phase, which tell how
  /// much its figures vary.
  TraceSteps steps;
  std::optional<TraceStep> step;           ///< the side is this step
  std::map<std::string, WorkSum> kernels;  ///< by kernel_key(); copies and fills by their name
  std::map<SpanClass, WorkSum> by_class;
  std::map<std::string, LayerSum> layers;  ///< by name
};

/// Of a whole trace, with its analysis. For a background job. Throws Cancelled, Error.
CompareSide compare_side(TracePtr trace, AnalysisPtr analysis, Progress& progress = no_progress());
/// The same, analysed here.
CompareSide compare_side(TracePtr trace, const RuleSet& rules, Progress& progress = no_progress());
/// What lies in `window`: figures are cut to it, steps are those that lie in it whole.
/// @param whole of the whole trace. Throws Cancelled, Error.
CompareSide part_of(const CompareSide& whole, TimeRange window, Progress& progress = no_progress());

}  // namespace moescope
