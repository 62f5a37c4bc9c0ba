// What imbalance a plan will show, window by window, with loads it was not made from.
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
/// A plan mostly comes from the very windows that are at hand and fits them better than the next
/// ones. So the loads of every GPU are taken apart into their mean and what each window adds; the
/// latter is enlarged by as much as the second half of the windows lay farther from the mean of the
/// first half than the first half did (for few windows a mean is itself uncertain: n / (n - 1) for
/// those inside it, 1 + 1 / n for those to come). With fewer than four windows nothing is enlarged.
std::optional<ImbalanceForecast> forecast_imbalance(
    const std::vector<std::shared_ptr<const LoadSet>>& sets, int windows, const Plan& plan);

}  // namespace moescope
