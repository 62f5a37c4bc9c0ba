#include "core/loads/load_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/error.h"

namespace moescope {
namespace {

using Index = std::size_t;

/// More than any engine counts, and few enough that sums over all experts and windows are finite.
constexpr double kMostLoad = 1e15;

void check_shape(const LoadSet& loads) {
  const auto& source = loads.source;
  if (loads.windows.empty() || loads.windows.front().empty() || loads.experts < 1)
    throw Error(source, "", "holds no expert loads");
  const auto layers = loads.windows.front().size();
  if (layers > kMaxPlanLayers || loads.experts > kMaxPlanExperts)
    throw Error(
        source, "",
        fmt::format("has {} layers of {} experts, more than any model", layers, loads.experts));
  for (Index w = 0; w < loads.windows.size(); ++w) {
    if (loads.windows[w].size() != layers)
      throw Error(source, fmt::format("window {}", w),
                  fmt::format("has {} layers, window 0 has {}", loads.windows[w].size(), layers));
    for (Index l = 0; l < layers; ++l) {
      const auto& row = loads.windows[w][l];
      if (static_cast<int>(row.size()) != loads.experts)
        throw Error(source, fmt::format("window {}, layer {}", w, l),
                    fmt::format("has {} experts, expected {}", row.size(), loads.experts));
      for (Index e = 0; e < row.size(); ++e)
        if (!(row[e] >= 0 && row[e] <= kMostLoad))
          throw Error(
              source, fmt::format("window {}, layer {}, expert {}", w, l, e),
              fmt::format("the load is {}, expected a count of at most {}", row[e], kMostLoad),
              "Dummy runs record no numbers; record with real requests");
    }
  }
  if (!loads.layer_ids.empty() && loads.layer_ids.size() != layers)
    throw Error(source, "layer_ids",
                fmt::format("names {} layers, there are {}", loads.layer_ids.size(), layers));
}

double total(const LayerLoads& window) {
  double sum = 0;
  for (const auto& row : window)
    for (const double v : row) sum += v;
  return sum;
}

void drop_empty_windows(LoadSet& loads) {
  const auto before = loads.windows.size();
  if (before < 2) return;
  std::vector<bool> empty(before);
  for (Index w = 0; w < before; ++w) empty[w] = total(loads.windows[w]) == 0;
  const auto drop = [&empty](auto& of_windows) {
    if (of_windows.size() != empty.size()) return;
    Index w = 0;
    std::erase_if(of_windows, [&](const auto&) { return empty[w++]; });
  };
  drop(loads.windows);
  drop(loads.times);
  drop(loads.measured);
  if (loads.windows.empty()) throw Error(loads.source, "", "all loads are zero");
  if (const auto dropped = before - loads.windows.size(); dropped > 0)
    loads.notes.push_back(fmt::format(
        "{} of {} windows are all zero (unused buffer rows) and were dropped", dropped, before));
}

/// A recorder that saw only the experts of its own rank leaves all others zero.
void find_local_only_dump(LoadSet& loads) {
  std::vector<double> sum(static_cast<Index>(loads.experts), 0.0);
  for (const auto& window : loads.windows)
    for (const auto& row : window)
      for (Index e = 0; e < row.size(); ++e) sum[e] += row[e];
  Index first = sum.size(), last = 0, used = 0;
  for (Index e = 0; e < sum.size(); ++e)
    if (sum[e] > 0) first = std::min(first, e), last = e, ++used;
  if (used < 2 || used != last - first + 1 || used * 2 > sum.size() || sum.size() % used != 0 ||
      first % used != 0)
    return;
  loads.notes.push_back(
      fmt::format("only experts {}..{} of {} have any load: this looks like the dump of one rank "
                  "that recorded its local experts only; sum the dumps of all ranks",
                  first, last, sum.size()));
}

}  // namespace

std::string times_text(int count) {
  return count == 1 ? "once" : fmt::format("{} times", count);
}

void finish_loads(LoadSet& loads) {
  check_shape(loads);
  drop_empty_windows(loads);
  find_local_only_dump(loads);
  if (loads.windows.size() == 1 && total(loads.windows[0]) == 0)
    loads.notes.push_back("all loads are zero");
}

void drop_dense_layers(LoadSet& loads) {
  if (!loads.layer_ids.empty() || loads.windows.empty()) return;
  const auto layers = loads.windows[0].size();
  std::vector<bool> used(layers, false);
  for (const auto& window : loads.windows) {
    if (window.size() != layers) return;  // finish_loads() says what is wrong
    for (Index l = 0; l < layers; ++l)
      for (const double v : window[l])
        if (v != 0) used[l] = true;
  }
  const auto count = static_cast<Index>(std::count(used.begin(), used.end(), true));
  if (count == 0 || count == layers) return;
  const auto keep = [&used](auto& by_layer) {
    Index layer = 0;
    std::erase_if(by_layer, [&](const auto&) { return !used.at(layer++); });
  };
  for (auto& window : loads.windows) keep(window);
  for (auto& window : loads.measured) keep(window);
  if (loads.by_source.size() == layers) keep(loads.by_source);
  if (loads.running_map && loads.running_map->size() == layers) keep(*loads.running_map);
  loads.dropped_layers = static_cast<int>(layers - count);
  for (Index l = 0; l < layers; ++l)
    if (used[l]) loads.layer_ids.push_back(static_cast<int>(l));
  loads.notes.push_back(fmt::format(
      "{} of {} layers are all zero (dense layers, or layers that were not recorded) and were left "
      "out; the others keep their numbers",
      layers - count, layers));
}

LayerLoads sum_windows(const LoadSet& loads, int first, int last) {
  if (first < 0 || last > static_cast<int>(loads.windows.size()) || first >= last)
    throw Error(loads.source, fmt::format("windows {}:{}", first, last),
                fmt::format("there are {} windows", loads.windows.size()),
                "Give A:B with 0 <= A < B <= windows");
  auto sum = loads.windows[static_cast<Index>(first)];
  for (int w = first + 1; w < last; ++w) {
    const auto& window = loads.windows[static_cast<Index>(w)];
    for (Index l = 0; l < sum.size(); ++l)
      for (Index e = 0; e < sum[l].size(); ++e) sum[l][e] += window[l][e];
  }
  return sum;
}

LayerLoads sum_windows_but(const LoadSet& loads, int first, int last, int but_first, int but_last) {
  const int left = std::clamp(but_first, first, last), right = std::clamp(but_last, left, last);
  if (left == first && right == last) return sum_windows(loads, first, last);
  if (left == first) return sum_windows(loads, right, last);
  auto sum = sum_windows(loads, first, left);
  if (right == last) return sum;
  const auto rest = sum_windows(loads, right, last);
  for (Index l = 0; l < sum.size(); ++l)
    for (Index e = 0; e < sum[l].size(); ++e) sum[l][e] += rest[l][e];
  return sum;
}

namespace {

constexpr Index kNoLoad = ~Index{0};  ///< a layer of the plan that has none

/// A plan with a row for each layer of the model, dense ones too, as SGLang has it, and loads that
/// name the layers they are of.
bool is_of_all_layers(const LoadSet& loads, const Plan& plan) {
  return plan.layer_ids.empty() && plan.layers() > loads.layers() &&
         *std::max_element(loads.layer_ids.begin(), loads.layer_ids.end()) < plan.layers();
}

/// Rows of the loads for the plan's layers; empty when they are the same.
std::vector<Index> rows_of_plan(const LoadSet& loads, const Plan& plan) {
  if (loads.layer_ids.empty() || loads.layer_ids == plan.layer_ids) return {};
  const bool all = is_of_all_layers(loads, plan);
  if (plan.layer_ids.empty() && !all) return {};
  std::map<int, Index> row_of;
  for (Index l = 0; l < loads.layer_ids.size(); ++l) row_of[loads.layer_ids[l]] = l;
  std::vector<Index> rows;
  for (int l = 0; l < plan.layers(); ++l) {
    const auto it = row_of.find(plan.layer_id(l));
    if (it == row_of.end() && !all)
      throw Error(loads.source, fmt::format("layer {}", plan.layer_id(l)),
                  "is in the plan but not in the loads",
                  "Give loads of the model that the plan is for");
    rows.push_back(it == row_of.end() ? kNoLoad : it->second);
  }
  return rows;
}

/// The rows of `layers`; one of zeros, as long as the others, where there is none.
LayerLoads selected_rows(const LayerLoads& layers, const std::vector<Index>& rows) {
  const std::vector<double> none(layers.empty() ? 0 : layers.front().size(), 0.0);
  LayerLoads selected;
  for (const Index row : rows) selected.push_back(row == kNoLoad ? none : layers[row]);
  return selected;
}

SourceLoads selected_sources(const SourceLoads& layers, const std::vector<Index>& rows) {
  if (layers.empty()) return {};
  const LayerLoads none(layers.front().size(),
                        std::vector<double>(layers.front().front().size(), 0.0));
  SourceLoads selected;
  for (const Index row : rows) selected.push_back(row == kNoLoad ? none : layers[row]);
  return selected;
}

}  // namespace

LayerLoads loads_of_plan(const LoadSet& loads, const Plan& plan, int first, int last) {
  auto sum = sum_windows(loads, first, last);
  const auto rows = rows_of_plan(loads, plan);
  return rows.empty() ? sum : selected_rows(sum, rows);
}

SourceLoads sources_of_plan(const LoadSet& loads, const Plan& plan) {
  const bool known =
      !loads.by_source.empty() && static_cast<int>(loads.by_source.front().size()) == plan.num_gpus;
  if (!known) return {};
  const auto rows = rows_of_plan(loads, plan);
  return rows.empty() ? loads.by_source : selected_sources(loads.by_source, rows);
}

LoadSet layers_of_plan(const LoadSet& loads, const Plan& plan) {
  const auto rows = rows_of_plan(loads, plan);
  if (rows.empty()) return loads;
  LoadSet selected = loads;
  selected.layer_ids = plan.layer_ids;
  selected.routes = {};
  selected.running_map.reset();
  for (auto& window : selected.windows) window = selected_rows(window, rows);
  for (auto& window : selected.measured) window = selected_rows(window, rows);
  selected.by_source = selected_sources(loads.by_source, rows);
  return selected;
}

std::vector<LayerLoads> group_windows(const LoadSet& loads, int parts) {
  const int n = static_cast<int>(loads.windows.size());
  parts = std::clamp(parts, 1, n);
  std::vector<LayerLoads> groups;
  for (int p = 0; p < parts; ++p)
    groups.push_back(sum_windows(loads, static_cast<int>(static_cast<std::int64_t>(p) * n / parts),
                                 static_cast<int>(static_cast<std::int64_t>(p + 1) * n / parts)));
  return groups;
}

void fold_physical(const std::vector<double>& physical, const std::vector<int>& map,
                   std::vector<double>& logical, const std::string& source) {
  if (physical.size() != map.size())
    throw Error(source, "",
                fmt::format("counts of {} slots, but a map of {}", physical.size(), map.size()));
  for (Index s = 0; s < map.size(); ++s) {
    if (map[s] == kNoExpert && physical[s] == 0) continue;
    if (map[s] < 0 || static_cast<Index>(map[s]) >= logical.size())
      throw Error(source, fmt::format("slot {}", s),
                  fmt::format("the map names expert {}, there are {}", map[s], logical.size()));
    logical[static_cast<Index>(map[s])] += physical[s];
  }
}

std::vector<double> gpu_sums(std::span<const double> slots, int gpus) {
  std::vector<double> sums(static_cast<Index>(gpus), 0.0);
  const Index of_gpu = std::max<Index>(1, slots.size() / sums.size());
  for (Index s = 0; s < of_gpu * sums.size() && s < slots.size(); ++s) sums[s / of_gpu] += slots[s];
  return sums;
}

}  // namespace moescope
