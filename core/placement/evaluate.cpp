#include "core/placement/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/error.h"
#include "core/parallel.h"
#include "core/placement/active.h"
#include "core/placement/bounds.h"
#include "core/placement/remote_nodes.h"
#include "core/placement/split.h"

namespace moescope {
namespace {

using Index = std::size_t;

int duplicate_slots(const std::vector<int>& row, int gpus) {
  const auto per_gpu = row.size() / static_cast<Index>(gpus);
  int duplicates = 0;
  std::vector<int> held;
  for (Index s = 0; s < row.size(); s += per_gpu) {
    held.assign(row.begin() + static_cast<long>(s), row.begin() + static_cast<long>(s + per_gpu));
    std::erase(held, kNoExpert);
    std::sort(held.begin(), held.end());
    duplicates += static_cast<int>(held.end() - std::unique(held.begin(), held.end()));
  }
  return duplicates;
}

int off_node_copies(const Plan& plan, const std::vector<int>& row) {
  if (plan.num_nodes < 2 || plan.num_experts % plan.num_groups != 0) return 0;
  const int size = plan.num_experts / plan.num_groups;
  std::vector<int> tally(static_cast<Index>(plan.num_groups * plan.num_nodes), 0);
  for (Index s = 0; s < row.size(); ++s)
    if (row[s] >= 0)
      ++tally[static_cast<Index>(row[s] / size * plan.num_nodes +
                                 plan.node_of_gpu(plan.gpu_of(static_cast<int>(s))))];
  int off = 0;
  for (auto t = tally.begin(); t != tally.end(); t += plan.num_nodes)
    off += std::accumulate(t, t + plan.num_nodes, 0) - *std::max_element(t, t + plan.num_nodes);
  return off;
}

double remote_nodes_per_token(const Plan& plan, const std::vector<int>& row, int layer,
                              const Routes& routes) {
  NodesOfExperts nodes_of;
  for (const auto& slots : slots_of_experts(row, plan.num_experts))
    nodes_of.push_back(nodes_of_slots(plan, slots, plan.slots_per_gpu()));
  const auto top_k = static_cast<Index>(routes.top_k);
  std::uint64_t remote = 0;
  std::vector<int> visited;
  for (Index t = 0; t < routes.tokens(); ++t) {
    const auto* ids =
        &routes
             .experts[(t * static_cast<Index>(routes.layers) + static_cast<Index>(layer)) * top_k];
    remote += static_cast<std::uint64_t>(
        remote_nodes_of_token({ids, top_k}, t, nodes_of, plan.num_nodes, visited));
  }
  return static_cast<double>(remote) / static_cast<double>(std::max<Index>(routes.tokens(), 1));
}

void balance(const Plan& plan, const std::vector<int>& row, Index l,
             const std::vector<double>& loads, const EvaluateOptions& options,
             LayerEvaluation& out) {
  const double mean = std::accumulate(loads.begin(), loads.end(), 0.0) / plan.live_gpus();
  const bool weighted = !plan.replica_weight.empty();
  if (!(mean > 0)) {
    out.no_load = true;
    if (weighted) out.weighted = 1.0;
    if (options.shares != nullptr) out.under_rule = 1.0;
    if (options.active_per_gpu) out.active_split = 1.0;
    return;
  }
  const auto imbalance = [&](const std::vector<double>& per_gpu) {
    return *std::max_element(per_gpu.begin(), per_gpu.end()) / mean;
  };
  out.equal = imbalance(gpu_loads(row, loads, plan.num_gpus));
  if (weighted)
    out.weighted = imbalance(gpu_loads(row, loads, plan.num_gpus, plan.replica_weight[l]));
  if (options.shares != nullptr)
    out.under_rule = imbalance(gpu_loads(row, loads, plan.num_gpus, (*options.shares)[l]));
  if (options.active_per_gpu)
    out.active_split =
        choose_active(row, loads, plan.slots_per_gpu(), *options.active_per_gpu).split.max_load /
        mean;
  if (options.with_best_split)
    out.best_split = best_split(row, loads, plan.slots_per_gpu()).max_load / mean;
  const int live_slots = plan.live_gpus() * plan.slots_per_gpu();
  out.bound = imbalance_bound(loads, live_slots, plan.live_gpus());
  if (plan.dead_gpus.empty())
    out.bound_hierarchical = hierarchical_bound(loads, plan.slot_count(), plan.num_gpus,
                                                plan.num_nodes, plan.num_groups);
}

}  // namespace

void require_loads_fit(const Plan& plan, const LayerLoads& loads) {
  if (static_cast<int>(loads.size()) != plan.layers())
    throw Error("", "loads",
                fmt::format("the loads have {} layers, the plan {}", loads.size(), plan.layers()),
                "Give loads of the MoE layers that the plan is for");
  for (Index l = 0; l < loads.size(); ++l)
    if (static_cast<int>(loads[l].size()) != plan.num_experts)
      throw Error(
          "", fmt::format("layer {}", l),
          fmt::format("the loads have {} experts, the plan {}", loads[l].size(), plan.num_experts),
          "Give loads of the model that the plan is for");
}

void require_comparable(const Plan& plan, const Plan& previous) {
  if (previous.num_gpus != plan.num_gpus || previous.layers() != plan.layers())
    throw Error("", "previous plan",
                fmt::format("it is for {} GPUs and {} layers, the plan for {} and {}",
                            previous.num_gpus, previous.layers(), plan.num_gpus, plan.layers()),
                "Choose a plan of the same machine and model");
}

void require_routes_fit(const Plan& plan, const Routes& routes) {
  if (routes.layers != plan.layers())
    throw Error("", "routes",
                fmt::format("they have {} layers, the plan {}", routes.layers, plan.layers()));
}

std::vector<double> gpu_loads(const std::vector<int>& row, const std::vector<double>& loads,
                              int gpus, const std::vector<double>& weight) {
  const auto per_gpu = row.size() / static_cast<Index>(gpus);
  const auto counts = replica_counts(row, static_cast<int>(loads.size()));
  std::vector<double> total(static_cast<Index>(gpus), 0.0);
  for (Index s = 0; s < row.size(); ++s) {
    if (row[s] < 0) continue;
    const auto e = static_cast<Index>(row[s]);
    total[s / per_gpu] += loads[e] * (weight.empty() ? 1.0 / counts[e] : weight[s]);
  }
  return total;
}

double imbalance_of(const std::vector<double>& per_gpu, int live_gpus) {
  const double sum = std::accumulate(per_gpu.begin(), per_gpu.end(), 0.0);
  if (!(sum > 0)) return 1;
  return *std::max_element(per_gpu.begin(), per_gpu.end()) * live_gpus / sum;
}

int copies_needed(const std::vector<int>& row, const std::vector<int>& previous, int gpus) {
  const auto held = [gpus](const std::vector<int>& slots, int gpu) {
    const auto per_gpu = static_cast<long>(slots.size()) / gpus;
    std::set<int> experts(slots.begin() + gpu * per_gpu, slots.begin() + (gpu + 1) * per_gpu);
    experts.erase(kNoExpert);
    return experts;
  };
  int copies = 0;
  for (int g = 0; g < gpus; ++g) {
    const auto before = held(previous, g);
    for (const int e : held(row, g)) copies += before.count(e) == 0 ? 1 : 0;
  }
  return copies;
}

int component_count(const std::vector<int>& row, int gpus) {
  const auto per_gpu = row.size() / static_cast<Index>(gpus);
  std::vector<Index> parent(static_cast<Index>(gpus));
  std::iota(parent.begin(), parent.end(), Index{0});
  const auto find = [&](Index x) {
    while (parent[x] != x) x = parent[x] = parent[parent[x]];
    return x;
  };
  std::vector<bool> live(parent.size(), false);
  std::vector<Index> first;
  for (Index s = 0; s < row.size(); ++s) {
    if (row[s] < 0) continue;
    const Index g = s / per_gpu;
    const auto e = static_cast<Index>(row[s]);
    live[g] = true;
    if (e >= first.size()) first.resize(e + 1, parent.size());
    if (first[e] == parent.size())
      first[e] = g;
    else
      parent[find(g)] = find(first[e]);
  }
  int components = 0;
  for (Index g = 0; g < parent.size(); ++g) components += live[g] && find(g) == g ? 1 : 0;
  return components;
}

std::vector<LayerEvaluation> evaluate_plan(const Plan& plan, const LayerLoads& loads,
                                           const EvaluateOptions& options, Progress& progress) {
  require_loads_fit(plan, loads);
  if (options.previous != nullptr) require_comparable(plan, *options.previous);
  if (options.routes != nullptr) require_routes_fit(plan, *options.routes);
  std::vector<LayerEvaluation> result(loads.size());
  parallel_for(
      loads.size(),
      [&](Index l) {
        progress.check();
        const auto& row = plan.physical_to_logical[l];
        auto& out = result[l];
        balance(plan, row, l, loads[l], options, out);
        out.duplicate_slots = duplicate_slots(row, plan.num_gpus);
        out.components = component_count(row, plan.num_gpus);
        out.off_node_copies = off_node_copies(plan, row);
        if (options.previous != nullptr)
          out.copies = copies_needed(row, options.previous->physical_to_logical[l], plan.num_gpus);
        if (options.routes != nullptr && options.routes->tokens() > 0 && plan.num_nodes > 1)
          out.remote_nodes_per_token =
              remote_nodes_per_token(plan, row, static_cast<int>(l), *options.routes);
      },
      options.threads);
  return result;
}

Summary summarize(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  const auto at = static_cast<Index>(std::max(0.0, std::ceil(0.95 * n) - 1));
  return {std::accumulate(values.begin(), values.end(), 0.0) / n,
          values[std::min(at, values.size() - 1)], values.back()};
}

}  // namespace moescope
