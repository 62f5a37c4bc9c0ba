#include "core/loads/plan_balance.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"

namespace moescope {

LoadWindow load_window(const LoadSet& loads, int first, int last) {
  return {std::filesystem::path(loads.source).filename().string(), loads.unit, first, last,
          static_cast<int>(loads.windows.size())};
}

std::string to_string(const LoadWindow& window) {
  const int count = window.last - window.first;
  std::string text =
      count == window.of
          ? (count == 1 ? std::string("the only window") : fmt::format("all {} windows", count))
      : count == 1
          ? fmt::format("window {} of {}", window.first, window.of)
          : fmt::format("windows {} to {} of {}", window.first, window.last - 1, window.of);
  if (!window.source.empty()) text += " of " + window.source;
  if (!window.unit.empty()) text += ", " + window.unit;
  return text;
}

PlanBalance plan_balance(const Plan& plan, const LoadSet& loads, int first, int last) {
  if (first < 0 || first >= last || last > static_cast<int>(loads.windows.size()))
    throw Error(
        loads.source, "windows",
        fmt::format("[{}, {}) is not a range of {} windows", first, last, loads.windows.size()));
  const auto sums = loads_of_plan(loads, plan, first, last);
  require_loads_fit(plan, sums);
  PlanBalance out{0, 0, 0, load_window(loads, first, last)};
  for (int l = 0; l < plan.layers(); ++l) {
    const auto at = static_cast<std::size_t>(l);
    const auto weight =
        plan.replica_weight.empty() ? std::vector<double>() : plan.replica_weight[at];
    const double imbalance = imbalance_of(
        gpu_loads(plan.physical_to_logical[at], sums[at], plan.num_gpus, weight), plan.live_gpus());
    out.mean += imbalance / plan.layers();
    if (imbalance > out.worst) {
      out.worst = imbalance;
      out.worst_layer = plan.layer_id(l);
    }
  }
  return out;
}

PlanBalance plan_balance(const Plan& plan, const LoadSet& loads) {
  return plan_balance(plan, loads, 0, static_cast<int>(loads.windows.size()));
}

std::string to_string(const PlanBalance& balance) {
  return fmt::format("{:.4f} on average, {:.4f} at worst (layer {}), over {}", balance.mean,
                     balance.worst, balance.worst_layer, to_string(balance.window));
}

}  // namespace moescope
