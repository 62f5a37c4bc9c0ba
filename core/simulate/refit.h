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

struct Refit {
  Hardware hardware;  ///< the given one with the fitted constants
  std::vector<RefitConstant> constants;
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
/// `range` only spans that begin in it count. Throws Cancelled.
Refit refit_hardware(const Trace& trace, const Classification& classes, const Hardware& hardware,
                     const ModelShape& model, Progress& progress,
                     std::optional<TimeRange> range = {});

}  // namespace moescope
