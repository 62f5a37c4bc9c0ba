// The balance of a plan, together with the loads it was computed from. Imbalance is max / mean GPU
// load of a layer, over the live GPUs; it is meaningless without the window it was counted in.
#pragma once

#include <string>
#include <vector>

#include "core/loads/load_set.h"
#include "core/placement/plan.h"

namespace moescope {

/// Windows [first, last) of the loads that a figure was computed from.
struct LoadWindow {
  std::string source;  ///< file name without folders; empty: unknown
  std::string unit;    ///< "prefill", "decode" or empty
  int first = 0, last = 0, of = 0;
  friend bool operator==(const LoadWindow&, const LoadWindow&) = default;
};
LoadWindow load_window(const LoadSet& loads, int first, int last);
/// "windows 3 to 9 of 16 of loads.json, decode", "the only window of loads.json", "all 8 windows
/// of loads.json".
std::string to_string(const LoadWindow& window);

/// Imbalance of the summed loads of a window: with the plan's replica weights when it has them,
/// else with equal shares.
struct PlanBalance {
  double mean = 1, worst = 1;  ///< over layers; a layer without load counts as 1
  int worst_layer = 0;         ///< model layer
  LoadWindow window;
};
/// Throws Error when the loads lack a layer of the plan or have other experts, or when the range is
/// not of the loads.
PlanBalance plan_balance(const Plan& plan, const LoadSet& loads, int first, int last);
PlanBalance plan_balance(const Plan& plan, const LoadSet& loads);  ///< of all windows

/// "1.0526 on average, 1.2104 at worst (layer 7), over all 8 windows of loads.json"
std::string to_string(const PlanBalance& balance);

}  // namespace moescope
