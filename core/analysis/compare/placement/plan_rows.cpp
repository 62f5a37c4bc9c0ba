#include <fmt/format.h>

#include "core/analysis/compare/placement/loads_and_plans.h"
#include "core/analysis/compare/rows.h"
#include "core/placement/plan_diff.h"

namespace moescope {
namespace {

Difference count_row(const std::string& scope, const std::string& key, const char* figure, double a,
                     double b) {
  Difference row = time_row(scope, key, figure);
  row.unit = FigureUnit::Count;
  row.a = a;
  row.b = b;
  judge(row);
  return row;
}

int replicated_experts(const Plan& plan, std::size_t layer) {
  int replicated = 0;
  for (const int replicas : replica_counts(plan.physical_to_logical[layer], plan.num_experts))
    replicated += replicas > 1 ? 1 : 0;
  return replicated;
}

}  // namespace

Comparison compare_plans(const Plan& a, const Plan& b) {
  const std::vector<LayerDiff> layers = diff_plans(a, b);
  Comparison result;
  result.aligned_by = Alignment::Layer;
  result.aligned_why = fmt::format("{} layers of each", layers.size());
  std::vector<Difference> rows;
  int changed = 0, layers_changed = 0;
  std::size_t copies = 0;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const std::string key = fmt::format("{}", a.layer_id(static_cast<int>(l)));
    rows.push_back(count_row("layer", key, "slots_changed", 0, layers[l].slots_changed));
    rows.push_back(
        count_row("layer", key, "copies", 0, static_cast<double>(layers[l].copies.size())));
    rows.push_back(count_row("layer", key, "replicated_experts", replicated_experts(a, l),
                             replicated_experts(b, l)));
    changed += layers[l].slots_changed;
    layers_changed += layers[l].slots_changed > 0 ? 1 : 0;
    copies += layers[l].copies.size();
  }
  result.differences = {count_row("plan", "", "slots_changed", 0, changed),
                        count_row("plan", "", "copies", 0, static_cast<double>(copies)),
                        count_row("plan", "", "layers_changed", 0, layers_changed)};
  result.differences.insert(result.differences.end(), rows.begin(), rows.end());
  result.causes = {changed == 0
                       ? "nothing differs"
                       : fmt::format("{} of {} layers change: {} slots hold another expert, {} "
                                     "copies go to GPUs that do not have the expert",
                                     layers_changed, layers.size(), changed, copies)};
  return result;
}

}  // namespace moescope
