// A step divided by cause: what predictions and recordings both tell of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/analysis/steps/steps.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Each moment of a GPU in a step has one cause; times are means over the GPUs, so that they sum to
/// the step. What the GPU computes counts before communication beside it.
enum class StepCause : std::uint8_t {
  Attention,  ///< attention, gate, shared expert and dense layers; predicted: with the collectives
              ///< of tensor parallelism
  Experts,    ///< routed experts, where no attention runs beside them
  Waiting,    ///< ready, but another GPU is not: the slowest GPU less the mean
  Dispatch,   ///< tokens on their way to experts, while the GPU computes nothing
  Combine,    ///< results on their way back, while the GPU computes nothing
  Floors,     ///< what the kernels of attention and experts take however few tokens there are
  Untold,     ///< of recordings: what they do not tell apart
};
inline constexpr std::size_t kStepCauseCount = static_cast<std::size_t>(StepCause::Untold) + 1;

struct CauseWords {
  const char* key;      ///< in JSON and CSV, before its unit: "exposed_dispatch"
  const char* name;     ///< in words: "exposed dispatch"
  const char* meaning;  ///< a sentence
};
const CauseWords& words_of(StepCause cause);

/// Times of a step by cause, ns.
struct StepCauses {
  std::array<double, kStepCauseCount> ns{};

  double& operator[](StepCause cause) { return ns[static_cast<std::size_t>(cause)]; }
  double operator[](StepCause cause) const { return ns[static_cast<std::size_t>(cause)]; }
  double step_ns() const;  ///< their sum
};

/// A recorded step by cause.
struct MeasuredStep {
  std::uint64_t number = 0;
  std::string phase;               ///< "" where the source does not say
  StepCauses causes;               ///< floors are inside the kernels, so they are never told apart
  double spread_ns = 0;            ///< scaled median absolute deviation of the steps of its phase
  std::size_t steps = 0;           ///< of its phase
  std::size_t devices = 0;         ///< the times are means over these
  std::vector<std::string> notes;  ///< what is not told apart and why, in sentences
};

/// The step of median length of `phase` (nearest rank). Of a source without phases all steps count.
/// Waiting is what kernels that only wait tell; that inside of dispatch and combine kernels counts
/// as these. nullopt: there is no such step. Throws Cancelled, Error.
std::optional<MeasuredStep> measure_step(const Trace& trace, const Classification& classes,
                                         const TraceSteps& steps, const std::string& phase,
                                         Progress& progress = no_progress());

}  // namespace moescope
