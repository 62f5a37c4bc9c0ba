#include "core/placement/edit/plan_summary.h"

#include <utility>
#include <vector>

namespace moescope {
namespace {

template <typename Figure>
std::optional<Summary> over_layers(const PlanState& state, Figure figure) {
  std::vector<double> values;
  for (int l = 0; l < state.plan().layers(); ++l) {
    const std::optional<double> value = figure(state.figures(l));
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  if (values.empty()) return std::nullopt;
  return summarize(std::move(values));
}

}  // namespace

std::optional<Summary> plan_imbalance(const PlanState& state) {
  return over_layers(state, [](const LayerFigures& layer) { return layer.imbalance(); });
}

std::optional<Summary> plan_bound(const PlanState& state) {
  return over_layers(state, [](const LayerFigures& layer) { return layer.bound; });
}

}  // namespace moescope
