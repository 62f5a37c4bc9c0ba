#include "core/placement/solve/ruled_plan.h"

#include <algorithm>
#include <numeric>

#include "core/parallel.h"
#include "core/placement/rules/replica_pattern.h"
#include "core/placement/rules/rule_bound.h"
#include "core/placement/solve/search.h"

namespace moescope {
namespace {

using Index = std::size_t;

constexpr double kRoomForCold = 0.85;  ///< replica as heavy as this leaves room for cold ones
constexpr double kTolerance =
    0.0015;                          ///< excess over the heaviest replica at which a layer is done
constexpr double kSumWeight = 1000;  ///< of the sum of the windows against all of them
constexpr double kUnlucky = 1.004;   ///< times the target: worth a second annealing
constexpr double kAlike = 1e-9;      ///< difference of shares that is none
constexpr double kCold = 1e-8;       ///< last temperature, in squares of mean GPU loads

/// A replica, and the GPUs [first, last) that it may be on without a change of shares.
struct Item {
  int expert, first, last;
  std::vector<double> load;  ///< [rule and window]
};

/// Loads of a layer with mean GPU load 1: each window, and their sum last.
struct ScaledLoads {
  std::vector<std::vector<double>> windows;
  std::vector<double> weight;
  const std::vector<double>& sum() const { return windows.back(); }
};

double total(const std::vector<double>& loads) {
  return std::accumulate(loads.begin(), loads.end(), 0.0);
}

ScaledLoads scaled(const std::vector<LayerLoads>& windows, Index layer, int gpus) {
  ScaledLoads out;
  std::vector<double> sum(windows[0][layer].size(), 0.0);
  const auto add = [&](std::vector<double> loads, double weight) {
    const double mean = total(loads) / gpus;
    if (mean > 0)
      for (double& load : loads) load /= mean;
    else  // a layer without load is planned as if all experts were alike
      loads.assign(loads.size(), static_cast<double>(gpus) / static_cast<double>(loads.size()));
    out.windows.push_back(std::move(loads));
    out.weight.push_back(weight);
  };
  for (const auto& window : windows) {
    for (Index e = 0; e < sum.size(); ++e) sum[e] += window[layer][e];
    if (windows.size() > 1 && total(window[layer]) > 0) add(window[layer], 1);
  }
  add(std::move(sum), windows.size() > 1 ? kSumWeight * static_cast<double>(windows.size()) : 1);
  return out;
}

/// A replica on every node for the hottest experts, so that nobody draws; what is left over goes to
/// the coldest, where draws do no harm. Empty when that leaves a replica too heavy.
std::vector<int> covering_counts(const std::vector<double>& loads, int slots, int replicas) {
  const int experts = static_cast<int>(loads.size()), spare = slots - experts;
  if (replicas < 2) return {};
  const int covered = std::min(spare / (replicas - 1), experts);
  std::vector<Index> order(loads.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return loads[a] > loads[b]; });
  std::vector<int> counts(loads.size(), 1);
  double heaviest = covered < experts ? loads[order[static_cast<Index>(covered)]] : 0;
  for (int i = 0; i < covered; ++i) {
    counts[order[static_cast<Index>(i)]] = replicas;
    heaviest = std::max(heaviest, loads[order[static_cast<Index>(i)]] / replicas);
  }
  int left = spare - covered * (replicas - 1);
  for (int i = experts - 1; i >= covered && left > 0; --i, --left)
    ++counts[order[static_cast<Index>(i)]];
  if (left > 0 || heaviest > kRoomForCold) return {};
  return counts;
}

std::vector<int> counts_of(const std::vector<double>& loads, const SolveOptions& o,
                           const PatternChooser& chooser) {
  if (std::find(o.rules.begin(), o.rules.end(), ReplicaRule::SglangStatic) != o.rules.end())
    if (auto counts = covering_counts(loads, o.slot_count, chooser.covering_replicas());
        !counts.empty())
      return counts;
  return counts_for_ranks(loads, o.slot_count, chooser.most_replicas(), o.gpus);
}

/// Rules whose shares are the same for all groups count once.
std::vector<Index> different_rules(const std::vector<ReplicaGroup>& groups, Index rules) {
  std::vector<Index> kept;
  const auto alike = [&](Index a, Index b) {
    return std::all_of(groups.begin(), groups.end(), [&](const ReplicaGroup& group) {
      for (Index i = 0; i < group.units.size(); ++i)
        if (std::abs(group.shares[a][i] - group.shares[b][i]) > kAlike) return false;
      return true;
    });
  };
  for (Index r = 0; r < rules; ++r)
    if (std::none_of(kept.begin(), kept.end(), [&](Index k) { return alike(k, r); }))
      kept.push_back(r);
  return kept;
}

std::vector<Item> items_of(const std::vector<ReplicaGroup>& groups, const std::vector<int>& counts,
                           const ScaledLoads& loads, const std::vector<Index>& rules,
                           const SolveOptions& o) {
  std::vector<Item> items;
  const int per_node = o.gpus / o.nodes;
  for (const ReplicaGroup& group : groups)
    for (Index i = 0; i < group.units.size(); ++i) {
      const int width = group.on_gpus ? 1 : per_node;
      auto& item = items.emplace_back(
          Item{group.expert, group.units[i] * width, (group.units[i] + 1) * width, {}});
      for (const auto& window : loads.windows)
        for (const Index r : rules)
          item.load.push_back(window[static_cast<Index>(group.expert)] * group.shares[r][i]);
    }
  for (Index e = 0; e < counts.size(); ++e) {
    if (counts[e] != 1) continue;
    auto& item = items.emplace_back(Item{static_cast<int>(e), 0, o.gpus, {}});
    for (const auto& window : loads.windows)
      item.load.insert(item.load.end(), rules.size(), window[e]);
  }
  // Those with the least choice first, the heaviest of them first.
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    const int wide_a = a.last - a.first, wide_b = b.last - b.first;
    return wide_a != wide_b ? wide_a < wide_b : a.load.back() > b.load.back();
  });
  return items;
}

/// Each item to the GPU with the least load that may have it: [slot] item. Empty when one finds no
/// room.
std::vector<int> first_packing(const std::vector<Item>& items, const SearchProblem& problem) {
  std::vector<int> row(static_cast<Index>(problem.slot_count()), kNoExpert);
  std::vector<int> used(static_cast<Index>(problem.gpus), 0);
  std::vector<double> load(used.size(), 0.0);
  for (Index i = 0; i < items.size(); ++i) {
    int best = -1;
    for (int g = items[i].first; g < items[i].last; ++g)
      if (used[static_cast<Index>(g)] < problem.slots_per_gpu &&
          (best < 0 || load[static_cast<Index>(g)] < load[static_cast<Index>(best)]))
        best = g;
    if (best < 0) return {};
    const auto g = static_cast<Index>(best);
    row[g * static_cast<Index>(problem.slots_per_gpu) + static_cast<Index>(used[g]++)] =
        static_cast<int>(i);
    load[g] += items[i].load.back();
  }
  return row;
}

/// The items as experts of a search that may only exchange them: each has one replica.
SearchProblem problem_of(const std::vector<Item>& items, const ScaledLoads& loads, Index rules,
                         const SolveOptions& o) {
  SearchProblem problem;
  problem.experts = static_cast<int>(items.size());
  problem.gpus = o.gpus;
  problem.slots_per_gpu = o.slot_count / o.gpus;
  problem.loads.assign(items[0].load.size(), std::vector<double>(items.size()));
  problem.allowed.assign(items.size() * static_cast<Index>(o.gpus), 0);
  for (Index i = 0; i < items.size(); ++i) {
    for (Index d = 0; d < items[i].load.size(); ++d) problem.loads[d][i] = items[i].load[d];
    const auto row = problem.allowed.begin() + static_cast<std::ptrdiff_t>(i) * o.gpus;
    std::fill(row + items[i].first, row + items[i].last, 1);
  }
  if (problem.loads.size() > 1)
    for (const double weight : loads.weight)
      problem.weight.insert(problem.weight.end(), rules, weight);
  return problem;
}

/// Heaviest GPU under the rules, over the sum of the windows.
double heaviest_gpu(const std::vector<int>& row, const SearchProblem& problem, Index rules) {
  double most = 0;
  for (Index d = problem.loads.size() - rules; d < problem.loads.size(); ++d) {
    std::vector<double> load(static_cast<Index>(problem.gpus), 0.0);
    for (Index s = 0; s < row.size(); ++s)
      load[s / static_cast<Index>(problem.slots_per_gpu)] +=
          problem.loads[d][static_cast<Index>(row[s])];
    most = std::max(most, *std::max_element(load.begin(), load.end()));
  }
  return most;
}

/// Exchanges items until no GPU is above the target, or the moves are spent.
std::vector<int> exchange(std::vector<int> row, const SearchProblem& problem, Index rules,
                          const SolveOptions& o, std::uint64_t seed, const Progress& progress) {
  double bound = 1;
  for (Index d = problem.loads.size() - rules; d < problem.loads.size(); ++d)
    bound = std::max(bound, *std::max_element(problem.loads[d].begin(), problem.loads[d].end()));
  const double target = o.target(bound, kTolerance);
  const std::int64_t slots = problem.slot_count();
  // A cheap descent; a slow annealing where that does not do; a second one for the unlucky.
  const LayerSearch::Schedule schedules[] = {{target, 250 * slots, 1e-7, kCold},
                                             {target, 400 * slots, 1e-3, kCold},
                                             {target, 400 * slots, 1e-4, kCold}};
  const auto first = row;
  double best = heaviest_gpu(row, problem, rules);
  for (Index i = 0; i < std::size(schedules) && best > (i < 2 ? target : target * kUnlucky) &&
                    !progress.cancelled();
       ++i) {
    LayerSearch search(problem, i < 2 ? first : row, seed + i);
    search.anneal(schedules[i], progress);
    const double found = heaviest_gpu(search.best_row(), problem, rules);
    if (found >= best) continue;
    best = found;
    row = search.best_row();
  }
  return row;
}

/// What was chosen for a layer before its GPUs are.
struct ChosenLayer {
  ScaledLoads loads;
  std::vector<int> counts;
  std::vector<ReplicaGroup> groups;
};

/// Empty when there is no room for a replica.
std::vector<int> pack_layer(const ChosenLayer& layer, const SolveOptions& o, std::uint64_t seed,
                            const Progress& progress) {
  const auto rules = different_rules(layer.groups, o.rules.size());
  const auto items = items_of(layer.groups, layer.counts, layer.loads, rules, o);
  if (static_cast<int>(items.size()) != o.slot_count) return {};
  const auto problem = problem_of(items, layer.loads, rules.size(), o);
  auto row = first_packing(items, problem);
  if (row.empty()) return row;
  row = exchange(std::move(row), problem, rules.size(), o, seed, progress);
  for (int& item : row) item = items[static_cast<Index>(item)].expert;
  return row;
}

/// Layers of the model that come before row `layer` and are not in the plan hold the trivial row.
void pass_dense_layers(const SolveOptions& o, Index layer, int experts, PatternChooser& chooser) {
  if (o.layer_ids.empty()) return;
  const int before = layer == 0 ? -1 : o.layer_ids[layer - 1];
  for (int id = before + 1; id < o.layer_ids[layer]; ++id)
    chooser.pass(trivial_row(experts, o.slot_count), experts);
}

}  // namespace

bool can_solve_for_rules(const SolveOptions& o) {
  const bool depends = std::any_of(o.rules.begin(), o.rules.end(),
                                   [](ReplicaRule rule) { return rule_facts(rule).by_source; });
  return depends && o.gpus <= kMostStaticGpus && o.from == nullptr &&
         o.hierarchy == Hierarchy::Off && !o.connected && o.pinned.empty() && o.forbidden.empty() &&
         o.dead_gpus.empty() && std::is_sorted(o.layer_ids.begin(), o.layer_ids.end());
}

std::optional<std::vector<std::vector<int>>> ruled_rows(const std::vector<LayerLoads>& windows,
                                                        const SolveOptions& o, Progress& progress) {
  const Index count = windows[0].size();
  const int experts = static_cast<int>(windows[0][0].size());
  PatternChooser chooser(o.gpus, o.nodes, o.slot_count / o.gpus, o.rules);
  std::vector<ChosenLayer> layers;
  for (Index l = 0; l < count; ++l) {
    pass_dense_layers(o, l, experts, chooser);
    auto loads = scaled(windows, l, o.gpus);
    auto counts = counts_of(loads.sum(), o, chooser);
    auto groups =
        chooser.choose(loads.sum(), counts, o.by_source.empty() ? nullptr : &o.by_source[l]);
    layers.push_back({std::move(loads), std::move(counts), std::move(groups)});
  }
  std::vector<std::vector<int>> rows(count);
  parallel_for(
      count,
      [&](Index l) { rows[l] = pack_layer(layers[l], o, o.seed * 1000003 + l * 7919, progress); },
      o.threads);
  if (std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.empty(); }))
    return std::nullopt;
  return rows;
}

}  // namespace moescope
