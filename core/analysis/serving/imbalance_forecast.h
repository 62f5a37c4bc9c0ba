// The imbalance to expect of a plan in each window, with loads that it was not made from.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/loads/load_set.h"
#include "core/placement/plan.h"

namespace moescope {

/// max/mean of the GPUs' tokens of one window, mean over layers and sets of loads.
struct ImbalanceForecast {
  double seen = 0;              ///< mean over the windows that were given
  double expected = 0;          ///< of windows to come
  std::optional<double> error;  ///< of one window, either way; nullopt with a single window
};

/// Judges `plan`, with its own split, on the last `windows` windows of each set. nullopt when there
/// are no loads or the plan is not for them.
///
/// A plan is usually made from the windows at hand and fits them better than the next ones. The
/// load of every GPU is therefore split into its mean and the deviation of each window. Deviations
/// are scaled by how much farther the second half of the windows lies from the mean of the first
/// half than the first half itself does (a mean of few windows is itself uncertain: n / (n - 1) for
/// windows inside it, 1 + 1 / n for those to come). With fewer than four windows nothing is scaled.
std::optional<ImbalanceForecast> forecast_imbalance(
    const std::vector<std::shared_ptr<const LoadSet>>& sets, int windows, const Plan& plan);

}  // namespace moescope
