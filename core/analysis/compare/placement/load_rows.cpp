#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/analysis/compare/placement/loads_and_plans.h"
#include "core/analysis/compare/rows.h"
#include "core/error.h"
#include "core/loads/expert_facts.h"
#include "core/loads/metrics.h"

namespace moescope {
namespace {

/// Row of each model layer.
std::map<int, std::size_t> rows_by_layer(const LoadSet& loads) {
  std::map<int, std::size_t> rows;
  for (int l = 0; l < loads.layers(); ++l)
    rows[layer_of_row(loads, l)] = static_cast<std::size_t>(l);
  return rows;
}

void require_same_shape(const LoadSet& a, const LoadSet& b) {
  if (a.experts != b.experts)
    throw Error(b.source, "",
                fmt::format("it has {} experts and {} has {}", b.experts, a.source, a.experts),
                "Compare loads of one model");
  const auto layers_a = rows_by_layer(a), layers_b = rows_by_layer(b);
  for (const auto& [layer, row] : layers_a)
    if (!layers_b.contains(layer) || layers_a.size() != layers_b.size())
      throw Error(b.source, "", fmt::format("it does not have the layers of {}", a.source),
                  "Compare loads of one model");
}

/// Loads of one layer: of all windows, and of each.
struct LayerOverTime {
  std::vector<double> sum;  ///< by expert
  std::vector<std::vector<double>>
      shares;  ///< [window][expert], % of the layer; without empty ones
  Samples imbalance;
};

double total_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

std::vector<double> shares_of(std::vector<double> values) {
  const double total = total_of(values);
  for (double& value : values) value = total > 0 ? 100 * value / total : 0;
  return values;
}

LayerOverTime over_time(const LoadSet& loads, std::size_t row) {
  LayerOverTime layer;
  layer.sum.resize(static_cast<std::size_t>(loads.experts));
  for (const LayerLoads& window : loads.windows) {
    const auto& values = window[row];
    for (std::size_t e = 0; e < layer.sum.size(); ++e) layer.sum[e] += values[e];
    if (total_of(values) <= 0) continue;
    layer.imbalance.add(unevenness(values).max_over_mean);
    layer.shares.push_back(shares_of(values));
  }
  return layer;
}

Difference ratio_row(std::string scope, std::string key, const char* figure, double a, double b) {
  Difference row = time_row(std::move(scope), std::move(key), figure);
  row.unit = FigureUnit::Ratio;
  row.a = a;
  row.b = b;
  return row;
}

Samples samples_of_expert(const LayerOverTime& layer, std::size_t expert) {
  Samples samples;
  for (const auto& shares : layer.shares) samples.add(shares[expert]);
  return samples;
}

void add_experts(int layer, const LayerOverTime& a, const LayerOverTime& b,
                 std::vector<Difference>& rows) {
  const auto before = shares_of(a.sum), after = shares_of(b.sum);
  for (std::size_t e = 0; e < before.size(); ++e) {
    Difference row =
        ratio_row("expert", fmt::format("{}/{}", layer, e), "share_pct", before[e], after[e]);
    row.label = fmt::format("expert {} of layer {}", e, layer);
    row.unit = FigureUnit::Percent;
    row.noise = noise_of_means(samples_of_expert(a, e), samples_of_expert(b, e));
    judge(row);
    if (row.significant) rows.push_back(std::move(row));
  }
}

void keep_largest(std::vector<Difference>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const Difference& x, const Difference& y) {
    return std::abs(x.delta()) > std::abs(y.delta());
  });
  if (rows.size() > kMostExpertRows) rows.resize(kMostExpertRows);
}

/// Sums over layers: tokens, and mean and worst imbalance.
struct Whole {
  double tokens = 0, imbalance = 0, worst = 1;
  int layers = 0;
  void add(const LayerOverTime& layer) {
    const double of_layer = unevenness(layer.sum).max_over_mean;
    tokens += total_of(layer.sum);
    imbalance += of_layer;
    worst = std::max(worst, of_layer);
    ++layers;
  }
};

void add_whole(const Whole& a, const Whole& b, std::vector<Difference>& rows) {
  Difference tokens = ratio_row("loads", "", "tokens", a.tokens, b.tokens);
  tokens.unit = FigureUnit::Count;
  rows.push_back(std::move(tokens));
  rows.push_back(ratio_row("loads", "", "imbalance_mean", a.imbalance / std::max(a.layers, 1),
                           b.imbalance / std::max(b.layers, 1)));
  rows.push_back(ratio_row("loads", "", "imbalance_worst", a.worst, b.worst));
  for (Difference& row : rows) judge(row);
}

std::vector<std::string> causes_of_loads(const Comparison& c) {
  std::vector<std::string> causes;
  std::vector<const Difference*> layers;
  for (const Difference& row : c.differences) {
    if (row.scope == "loads" && row.figure == "imbalance_mean" && row.significant)
      causes.push_back(fmt::format("mean imbalance of the experts over layers: {:.3f} -> {:.3f}",
                                   *row.a, *row.b));
    if (row.scope == "layer" && row.significant) layers.push_back(&row);
  }
  std::stable_sort(layers.begin(), layers.end(), [](const auto* x, const auto* y) {
    return std::abs(x->delta()) > std::abs(y->delta());
  });
  for (std::size_t i = 0; i < std::min<std::size_t>(layers.size(), 2); ++i)
    causes.push_back(fmt::format("layer {}: imbalance {:.3f} -> {:.3f}", layers[i]->key,
                                 *layers[i]->a, *layers[i]->b));
  std::size_t experts = 0;
  for (const Difference& row : c.differences)
    if (row.scope == "expert" && experts++ < 3)
      causes.push_back(fmt::format("{}: {:.2f} % -> {:.2f} % of the tokens of its layer", row.label,
                                   *row.a, *row.b));
  if (causes.empty()) causes.emplace_back("no layer and no expert differs by more than noise");
  return causes;
}

}  // namespace

Comparison compare_loads(const LoadSet& a, const LoadSet& b) {
  require_same_shape(a, b);
  Comparison result;
  result.aligned_by = Alignment::Layer;
  result.aligned_why = fmt::format("{} windows beside {}", a.windows.size(), b.windows.size());
  const auto rows_a = rows_by_layer(a), rows_b = rows_by_layer(b);
  std::vector<Difference> layers, experts;
  Whole whole_a, whole_b;
  for (const auto& [layer, row] : rows_a) {
    const LayerOverTime one = over_time(a, row), other = over_time(b, rows_b.at(layer));
    whole_a.add(one);
    whole_b.add(other);
    Difference imbalance =
        ratio_row("layer", fmt::format("{}", layer), "imbalance", unevenness(one.sum).max_over_mean,
                  unevenness(other.sum).max_over_mean);
    imbalance.noise = noise_of_means(one.imbalance, other.imbalance);
    judge(imbalance);
    layers.push_back(std::move(imbalance));
    add_experts(layer, one, other, experts);
  }
  keep_largest(experts);
  add_whole(whole_a, whole_b, result.differences);
  for (auto* rows : {&layers, &experts})
    std::move(rows->begin(), rows->end(), std::back_inserter(result.differences));
  result.causes = causes_of_loads(result);
  return result;
}

}  // namespace moescope
