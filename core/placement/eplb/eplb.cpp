#include "core/placement/eplb/eplb.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <queue>
#include <span>
#include <utility>

#include "core/error.h"
#include "core/placement/eplb/float_sums.h"
#include "core/placement/eplb/tie_order.h"

namespace moescope {
namespace {

using Index = std::size_t;

struct Packing {
  std::vector<Index> bin, rank;  ///< of each item: its bin and its place in it
};

/// What the variants do differently. Values are doubles that hold float32 where it says so.
class Arithmetic {
 public:
  explicit Arithmetic(EplbVariant variant) : variant_(variant) {}

  TieOrder ties() const {
    return variant_ == EplbVariant::Stable  ? TieOrder::Stable
           : variant_ == EplbVariant::Numpy ? TieOrder::Numpy
                                            : TieOrder::Torch;
  }
  /// Load of a routing group, float32.
  double group(std::span<const float> loads) const {
    if (variant_ == EplbVariant::Numpy) return numpy_sum(loads);
    if (variant_ != EplbVariant::Stable) return torch_sum(loads);
    return std::accumulate(loads.begin(), loads.end(), 0.0F);
  }
  /// What one of `count` replicas gets.
  double share(double load, int count) const {
    return variant_ == EplbVariant::Numpy ? load / count : single(load / count);
  }
  /// Load of a bin with one item more.
  double total(double bin, double item) const {
    const bool wide = variant_ == EplbVariant::Torch || variant_ == EplbVariant::Numpy;
    return wide ? bin + item : single(bin + item);
  }

 private:
  /// Sums and quotients of two float32 values round to the same float32 by way of a double.
  static double single(double value) { return static_cast<double>(static_cast<float>(value)); }
  EplbVariant variant_;
};

/// Heaviest first into the lightest bin that still has room; every bin gets as
/// many items.
Packing pack(const std::vector<double>& weights, Index bins, const Arithmetic& arithmetic) {
  const Index n = weights.size(), room = n / bins;
  Packing packing{std::vector<Index>(n), std::vector<Index>(n, 0)};
  if (room == 1) {
    std::iota(packing.bin.begin(), packing.bin.end(), Index{0});
    return packing;
  }
  using Bin = std::pair<double, Index>;  // load and number; of equal loads the first bin counts
  std::vector<Bin> empty;
  for (Index b = 0; b < bins; ++b) empty.emplace_back(0.0, b);
  std::priority_queue<Bin, std::vector<Bin>, std::greater<>> lightest({}, std::move(empty));
  std::vector<Index> used(bins, 0);
  for (const Index i : descending_order(weights, arithmetic.ties())) {
    const auto [load, best] = lightest.top();
    lightest.pop();
    packing.bin[i] = best;
    packing.rank[i] = used[best]++;
    if (used[best] < room) lightest.emplace(arithmetic.total(load, weights[i]), best);
  }
  return packing;
}

/// Owner of each replica: one of every item, then each further one for the
/// heaviest share.
std::vector<Index> replicate(const std::vector<double>& weights, Index replicas,
                             std::vector<int>& counts, const Arithmetic& arithmetic) {
  std::vector<Index> owner(weights.size());
  std::iota(owner.begin(), owner.end(), Index{0});
  counts.assign(weights.size(), 1);
  using Share = std::pair<double, std::ptrdiff_t>;  // and the number, negated: the first one counts
  std::vector<Share> all;
  for (Index e = 0; e < weights.size(); ++e)
    all.emplace_back(weights[e], -static_cast<std::ptrdiff_t>(e));
  std::priority_queue<Share> heaviest({}, std::move(all));
  while (owner.size() < replicas) {
    const auto number = heaviest.top().second;
    const auto e = static_cast<Index>(-number);
    heaviest.pop();
    owner.push_back(e);
    heaviest.emplace(arithmetic.share(weights[e], ++counts[e]), number);
  }
  return owner;
}

struct Shape {
  Index slots, groups, nodes, gpus;
};

/// Experts in the order of their nodes.
std::vector<Index> order_by_node(std::span<const float> w, const Shape& shape,
                                 const Arithmetic& arithmetic) {
  const Index size = w.size() / shape.groups, per_node = shape.groups / shape.nodes;
  std::vector<double> group_load;
  for (Index g = 0; g < shape.groups; ++g)
    group_load.push_back(arithmetic.group(w.subspan(g * size, size)));
  const auto packing = pack(group_load, shape.nodes, arithmetic);
  std::vector<Index> order(w.size());
  for (Index g = 0; g < shape.groups; ++g) {
    const Index base = (packing.bin[g] * per_node + packing.rank[g]) * size;
    for (Index j = 0; j < size; ++j) order[base + j] = g * size + j;
  }
  return order;
}

std::vector<int> plan_layer(const std::vector<double>& loads, const Shape& shape,
                            const Arithmetic& arithmetic) {
  const std::vector<float> w(loads.begin(), loads.end());
  const auto order = order_by_node(w, shape, arithmetic);
  const Index experts = w.size() / shape.nodes, slots = shape.slots / shape.nodes;
  const Index per_gpu = shape.slots / shape.gpus;
  std::vector<int> row(shape.slots);
  std::vector<double> weights(experts);
  std::vector<int> counts;
  for (Index n = 0; n < shape.nodes; ++n) {
    for (Index j = 0; j < experts; ++j) weights[j] = w[order[n * experts + j]];
    const auto owner = replicate(weights, slots, counts, arithmetic);
    std::vector<double> share(slots);
    for (Index i = 0; i < slots; ++i)
      share[i] = arithmetic.share(weights[owner[i]], counts[owner[i]]);
    const auto packing = pack(share, shape.gpus / shape.nodes, arithmetic);
    for (Index i = 0; i < slots; ++i)
      row[n * slots + packing.bin[i] * per_gpu + packing.rank[i]] =
          static_cast<int>(order[n * experts + owner[i]]);
  }
  return row;
}

void require(bool condition, const std::string& problem, const char* remedy) {
  if (!condition) throw Error("", "EPLB plan", problem, remedy);
}

constexpr std::pair<EplbVariant, const char*> kNames[] = {{EplbVariant::Torch, "torch"},
                                                          {EplbVariant::Numpy, "numpy"},
                                                          {EplbVariant::Deepseek, "deepseek"},
                                                          {EplbVariant::Stable, "stable"}};

}  // namespace

const char* to_string(EplbVariant variant) {
  for (const auto& [value, name] : kNames)
    if (value == variant) return name;
  return "";
}

std::optional<EplbVariant> eplb_variant_from_name(std::string_view name) {
  for (const auto& [value, known] : kNames)
    if (name == known) return value;
  return std::nullopt;
}

Plan eplb_plan(const std::vector<std::vector<double>>& loads, int slots, int groups, int nodes,
               int gpus, EplbPolicy policy, EplbVariant variant) {
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
    require(std::all_of(loads[l].begin(), loads[l].end(),
                        [](double v) { return std::isfinite(v) && v >= 0; }),
            fmt::format("layer {} holds a load that is negative or not a number", l), "");
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
  for (const auto& row : loads)
    plan.physical_to_logical.push_back(plan_layer(row, shape, Arithmetic(variant)));
  return plan;
}

}  // namespace moescope
