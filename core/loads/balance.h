// Balance of GPUs over time, and how far redundant slots could lower it.
#pragma once

#include <optional>
#include <vector>

#include "core/loads/load_set.h"
#include "core/loads/metrics.h"

namespace moescope {

/// A measure of each layer: of the GPUs under `plan`, or of the experts when it is null.
std::vector<double> layer_balance(const LayerLoads& loads, const Plan* plan, BalanceMetric metric);

/// A measure of each window and layer, [window][layer].
using WindowBalance = std::vector<std::vector<double>>;

/// Of the loads that GPUs would get under `plan`, which must fit the loads. Throws Cancelled.
WindowBalance balance_over_windows(const LoadSet& loads, const Plan& plan, BalanceMetric metric,
                                   Progress& progress);
/// The same for loads counted on GPUs; empty when there are none.
WindowBalance measured_balance(const LoadSet& loads, BalanceMetric metric);

/// Imbalance (max / mean) of the tokens that GPUs were counted to get over the newest `count`
/// windows, mean over layers; nullopt when none were counted.
std::optional<double> newest_imbalance(const LoadSet& loads, int count);

/// Imbalance (max / mean) of the GPUs in one window, over its layers.
struct WindowImbalance {
  WindowTime time;
  double mean = 1, worst = 1;
  int worst_layer = 0;  ///< model layer
};
/// Of the windows that have times, by time: as counted on the GPUs where they were, else as `plan`
/// spreads the tokens; empty without times. Throws Cancelled.
std::vector<WindowImbalance> imbalance_over_time(const LoadSet& loads, const Plan& plan,
                                                 Progress& progress);

/// The lowest imbalance (max / mean) that any plan with so many slots can reach.
struct BoundPoint {
  int slot_count = 0;
  double mean = 1, worst = 1;  ///< over layers
};
/// From one slot per expert (rounded up to whole GPUs) to twice as many, in steps of whole GPUs, at
/// most `points` of them. Throws Cancelled.
std::vector<BoundPoint> bound_by_slots(const LayerLoads& loads, int gpus, int points,
                                       Progress& progress);

}  // namespace moescope
