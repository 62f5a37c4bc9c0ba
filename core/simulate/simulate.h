// Predicted steps of a serving unit, written as a trace.
#pragma once

#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "core/progress.h"
#include "core/simulate/step/step_model.h"
#include "core/trace/file/moetrace_writer.h"

namespace moescope {

/// Key of TraceInfo::extra that marks a simulated trace; the value says what it was computed from.
inline constexpr const char* kSimulatedFact = "simulated";

struct SimulatedSteps {
  std::vector<TimeNs> step_ns;
  std::vector<OverlapFigures> devices;  ///< [gpu], by the definitions of the analysis
};

/// Runs `count` steps, each with batches drawn by `seed` from the expected tokens of `model`.
/// @param writer gets spans, loads and the plan, every process marked as simulated; null: none
/// @param scenario that `model` was made from
/// Throws Error (writing), Cancelled.
SimulatedSteps simulate_steps(const Scenario& scenario, const StepModel& model, int count,
                              std::uint64_t seed, MoetraceWriter* writer, Progress& progress);

}  // namespace moescope
