#include "core/placement/eplb.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace moescope {
namespace {

using Index = std::size_t;

struct Packing {
  std::vector<Index> bin, rank;  ///< of each item: its bin and its place in it
};

/// Heaviest first into the lightest bin that still has room; every bin gets as
/// many items.
Packing pack(const std::vector<float>& weights, Index bins) {
  const Index n = weights.size(), room = n / bins;
  Packing packing{std::vector<Index>(n), std::vector<Index>(n, 0)};
  if (room == 1) {
    std::iota(packing.bin.begin(), packing.bin.end(), Index{0});
    return packing;
  }
  std::vector<Index> order(n);
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return weights[a] > weights[b]; });
  std::vector<float> total(bins, 0.0F);
  std::vector<Index> used(bins, 0);
  for (const Index i : order) {
    Index best = bins;
    for (Index b = 0; b < bins; ++b)
      if (used[b] < room && (best == bins || total[b] < total[best])) best = b;
    packing.bin[i] = best;
    packing.rank[i] = used[best]++;
    total[best] += weights[i];
  }
  return packing;
}

/// Owner of each replica: one of every item, then each further one for the
/// heaviest share.
std::vector<Index> replicate(const std::vector<float>& weights, Index replicas,
                             std::vector<int>& counts) {
  std::vector<Index> owner(weights.size());
  std::iota(owner.begin(), owner.end(), Index{0});
  counts.assign(weights.size(), 1);
  auto share = weights;
  while (owner.size() < replicas) {
    const auto e = static_cast<Index>(std::max_element(share.begin(), share.end()) - share.begin());
    owner.push_back(e);
    ++counts[e];
    share[e] = weights[e] / static_cast<float>(counts[e]);
  }
  return owner;
}

struct Shape {
  Index slots, groups, nodes, gpus;
};

/// Experts in the order of their nodes.
std::vector<Index> order_by_node(const std::vector<float>& w, const Shape& shape) {
  const Index size = w.size() / shape.groups, per_node = shape.groups / shape.nodes;
  std::vector<float> group_load(shape.groups, 0.0F);
  for (Index e = 0; e < w.size(); ++e) group_load[e / size] += w[e];
  const auto packing = pack(group_load, shape.nodes);
  std::vector<Index> order(w.size());
  for (Index g = 0; g < shape.groups; ++g) {
    const Index base = (packing.bin[g] * per_node + packing.rank[g]) * size;
    for (Index j = 0; j < size; ++j) order[base + j] = g * size + j;
  }
  return order;
}

std::vector<int> plan_layer(const std::vector<double>& loads, const Shape& shape) {
  const std::vector<float> w(loads.begin(), loads.end());
  const auto order = order_by_node(w, shape);
  const Index experts = w.size() / shape.nodes, slots = shape.slots / shape.nodes;
  const Index per_gpu = shape.slots / shape.gpus;
  std::vector<int> row(shape.slots);
  std::vector<float> weights(experts);
  std::vector<int> counts;
  for (Index n = 0; n < shape.nodes; ++n) {
    for (Index j = 0; j < experts; ++j) weights[j] = w[order[n * experts + j]];
    const auto owner = replicate(weights, slots, counts);
    std::vector<float> share(slots);
    for (Index i = 0; i < slots; ++i)
      share[i] = weights[owner[i]] / static_cast<float>(counts[owner[i]]);
    const auto packing = pack(share, shape.gpus / shape.nodes);
    for (Index i = 0; i < slots; ++i)
      row[n * slots + packing.bin[i] * per_gpu + packing.rank[i]] =
          static_cast<int>(order[n * experts + owner[i]]);
  }
  return row;
}

void require(bool condition, const std::string& problem, const char* remedy) {
  if (!condition) throw Error("", "EPLB plan", problem, remedy);
}

}  // namespace

Plan eplb_plan(const std::vector<std::vector<double>>& loads, int slots, int groups, int nodes,
               int gpus, EplbPolicy policy) {
  require(!loads.empty() && !loads.front().empty(), "there are no loads", "");
  const auto experts = static_cast<int>(loads.front().size());
  require(gpus > 0 && nodes > 0 && groups > 0 && gpus % nodes == 0 && slots % gpus == 0,
          fmt::format("{} slots on {} GPUs on {} nodes do not divide", slots, gpus, nodes),
          "Choose slots as a multiple of the GPUs, GPUs as a multiple of the "
          "nodes");
  require(slots >= experts, fmt::format("{} slots cannot hold {} experts", slots, experts),
          "Give at least as many slots as experts");
  for (std::size_t l = 0; l < loads.size(); ++l) {
    require(loads[l].size() == loads.front().size(),
            fmt::format("layer {} has {} experts, layer 0 has {}", l, loads[l].size(), experts),
            "");
    for (const double v : loads[l])
      require(std::isfinite(v) && v >= 0,
              fmt::format("layer {} holds a load that is negative or no number", l), "");
  }
  Plan plan{.num_gpus = gpus, .num_nodes = nodes, .num_groups = groups, .num_experts = experts};
  const bool hierarchical =
      policy == EplbPolicy::Hierarchical || (policy == EplbPolicy::Auto && groups % nodes == 0);
  if (hierarchical)
    require(
        groups % nodes == 0 && experts % groups == 0,
        fmt::format("{} experts in {} groups do not divide over {} nodes", experts, groups, nodes),
        "Use the global policy");
  const Shape shape{static_cast<Index>(slots), hierarchical ? static_cast<Index>(groups) : 1,
                    hierarchical ? static_cast<Index>(nodes) : 1, static_cast<Index>(gpus)};
  for (const auto& row : loads) plan.physical_to_logical.push_back(plan_layer(row, shape));
  return plan;
}

}  // namespace moescope
