// Constants of the hardware description measured in a recording.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/progress.h"
#include "core/simulate/model/hardware.h"
#include "core/simulate/model/model.h"
#include "core/trace/trace.h"

namespace moescope {

/// One constant after the fit.
struct RefitConstant {
  std::string name;             ///< as in the hardware description
  std::optional<double> value;  ///< in its unit; nullopt when it could not be fitted
  std::uint64_t samples = 0;    ///< spans used
  double residual = 0;          ///< root mean square of the relative error of the fit
  std::string how;              ///< how it was fitted, or why it could not be
};

/// How far a stage is off on steps of the recording that its constants were not fitted to.
struct RefitError {
  std::string stage;            ///< "experts", "transfer"
  std::optional<double> error;  ///< root mean square over the steps, relative; nullopt: too few
  int steps = 0;                ///< left out, each once
};

struct Refit {
  Hardware hardware;  ///< the given one with the fitted constants and their errors
  std::vector<RefitConstant> constants;
  std::vector<RefitError> errors;  ///< of the stages that could be fitted
};

/// Fits constants to the spans of `trace`, by least squares of duration = overhead + work / rate
/// over spans with different work:
///  - link bandwidths and latency from dispatch and combine spans with the arguments "ib_bytes" and
///    "nvlink_bytes" (spans that only wait are left out); a span belongs to the link that takes
///    longer by the given constants;
///  - kernel overhead and GEMM efficiency from expert spans with the argument "tokens".
/// Recordings of the embedded runtime and simulated traces carry these; other profilers do not
/// record bytes or tokens, and then the constants are unchanged and say so. When a constant was
/// fitted, the hardware has no fitted kernels any more: rooflines with that constant stand in. With
/// `range` only spans that begin in it count.
///
/// The error of a stage is measured: constants fitted to the odd steps predict the even ones and
/// the other way round, and the time of the stage in each step is compared. It holds the bias and
/// the scatter from step to step, so it is never below the noise of the recording. Steps are those
/// of the spans' argument "step". Throws Cancelled.
Refit refit_hardware(const Trace& trace, const Classification& classes, const Hardware& hardware,
                     const ModelShape& model, Progress& progress,
                     std::optional<TimeRange> range = {});

}  // namespace moescope
