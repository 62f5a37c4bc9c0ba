// What the all-to-alls of recorded steps sent.
#pragma once

#include <optional>
#include <vector>

#include "core/analysis/serving/serving.h"
#include "core/analysis/spans/classify.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Bytes of dispatch and combine for each token of the decode steps, over all ranks and layers.
struct StepTraffic {
  double between_nodes = 0, inside_nodes = 0;
  double tokens = 0;  ///< of these steps
};

/// Traffic of the decode steps that lie entirely in each of `ranges`, from the arguments "phase",
/// "ib_bytes" and "nvlink_bytes" that the embedded runtime records on dispatch and combine spans;
/// nullopt where there are none. @pre ranges ascend. Throws Cancelled.
std::vector<std::optional<StepTraffic>> decode_traffic(const Trace& trace,
                                                       const Classification& classes,
                                                       const std::vector<ServedStep>& steps,
                                                       const std::vector<TimeRange>& ranges,
                                                       const Progress& progress = no_progress());

}  // namespace moescope
