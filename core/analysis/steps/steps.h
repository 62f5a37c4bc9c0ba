// Forward passes of a trace: where each step lies on every device, and what it costs there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/spans/device_key.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// How steps were found; shown wherever they are.
enum class StepSource : std::uint8_t {
  Engine,      ///< the embedded runtime recorded them
  Annotation,  ///< annotations that are repeated, as ProfilerStep#7 or execute_context_0(0)...
  Repetition,  ///< the sequence of kernels repeats
};
const char* to_string(StepSource source);  ///< "engine", "annotation", "repetition"

/// A step on one device; figures are lengths_in() its range.
struct StepOnDevice {
  DeviceKey key;
  TimeRange range;
  OverlapFigures figures;
};

struct TraceStep {
  std::uint64_t number = 0;           ///< as the source counts; else from 0 in order of time
  std::string phase;                  ///< "prefill", "decode", "" where the source does not say
  TimeRange range;                    ///< from the first begin to the last end on any device
  std::vector<StepOnDevice> devices;  ///< by key

  TimeNs exposed() const;  ///< sum over the devices, ns
  /// Busiest device over the mean, by time of compute; nullopt with fewer than two devices or
  /// without compute.
  std::optional<double> compute_imbalance() const;
};

struct TraceSteps {
  std::optional<StepSource> source;  ///< none: no steps were found
  std::string how;                   ///< in words: "annotations 'ProfilerStep#'"
  std::vector<TraceStep> steps;      ///< by begin

  /// Indices of steps that take longer than the median of their phase by over three (scaled) median
  /// absolute deviations and by over 5 %.
  std::vector<std::size_t> outliers() const;
};

/// What was found first of: records of the engine, repeated annotations among `scopes`, a repeated
/// sequence of kernels. `activity` and `scopes` are those of the whole trace. Throws Cancelled,
/// Error.
TraceSteps find_steps(const Trace& trace, const std::vector<DeviceActivity>& activity,
                      const std::vector<ScopeOverlap>& scopes, Progress& progress = no_progress());

/// Lengths of steps of one phase, ns.
struct StepTimes {
  std::string phase;
  std::size_t count = 0;
  TimeNs p50 = 0, p95 = 0;  ///< by the nearest rank
};
/// One entry per phase, in order of name.
std::vector<StepTimes> step_times(const TraceSteps& steps);

}  // namespace moescope
