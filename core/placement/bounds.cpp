#include "core/placement/bounds.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <queue>

namespace moescope {
namespace {

constexpr int kExactGroups = 10;

double sum(std::span<const double> v) {
  return std::accumulate(v.begin(), v.end(), 0.0);
}

/// Costs of sets of groups on one node, and the search over partitions.
class GroupSearch {
 public:
  GroupSearch(std::span<const double> loads, int slots, int gpus, int nodes, int groups)
      : loads_(loads),
        node_slots_(slots / nodes),
        node_gpus_(gpus / nodes),
        nodes_(nodes),
        groups_(groups),
        per_node_(groups / nodes) {}

  GroupAssignment exact() {
    best_.cost = std::numeric_limits<double>::infinity();
    current_.assign(static_cast<std::size_t>(groups_), -1);
    descend(0, 0);
    return best_;
  }

  GroupAssignment heuristic() {
    std::vector<double> weight(static_cast<std::size_t>(groups_));
    const auto size = loads_.size() / static_cast<std::size_t>(groups_);
    for (std::size_t g = 0; g < weight.size(); ++g) weight[g] = sum(loads_.subspan(g * size, size));
    std::vector<int> order(weight.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      return weight[static_cast<std::size_t>(a)] > weight[static_cast<std::size_t>(b)];
    });
    std::vector<double> total(static_cast<std::size_t>(nodes_), 0);
    std::vector<int> used(total.size(), 0);
    current_.assign(weight.size(), 0);
    for (const int g : order) {
      int node = -1;
      for (int n = 0; n < nodes_; ++n)
        if (used[static_cast<std::size_t>(n)] < per_node_ &&
            (node < 0 ||
             total[static_cast<std::size_t>(n)] < total[static_cast<std::size_t>(node)]))
          node = n;
      current_[static_cast<std::size_t>(g)] = node;
      ++used[static_cast<std::size_t>(node)];
      total[static_cast<std::size_t>(node)] += weight[static_cast<std::size_t>(g)];
    }
    best_ = {current_, worst(current_)};
    exchange();
    return best_;
  }

 private:
  double cost(const std::vector<int>& members) {
    const auto found = cache_.find(members);
    if (found != cache_.end()) return found->second;
    const auto size = loads_.size() / static_cast<std::size_t>(groups_);
    std::vector<double> w;
    for (const int g : members) {
      const auto part = loads_.subspan(static_cast<std::size_t>(g) * size, size);
      w.insert(w.end(), part.begin(), part.end());
    }
    const double c = std::max(sum(w) / node_gpus_, heaviest_replica(w, node_slots_));
    if (cache_.size() < 100000) cache_.emplace(members, c);
    return c;
  }
  double worst(const std::vector<int>& node_of) {
    double result = 0;
    for (int n = 0; n < nodes_; ++n) result = std::max(result, cost(members(node_of, n)));
    return result;
  }
  static std::vector<int> members(const std::vector<int>& node_of, int node) {
    std::vector<int> list;
    for (std::size_t g = 0; g < node_of.size(); ++g)
      if (node_of[g] == node) list.push_back(static_cast<int>(g));
    return list;
  }
  /// Nodes are alike, so node n always takes the first group that is still
  /// free.
  void descend(int node, double so_far) {
    if (node == nodes_) {
      best_ = {current_, so_far};
      return;
    }
    const auto first = static_cast<std::size_t>(std::find(current_.begin(), current_.end(), -1) -
                                                current_.begin());
    current_[first] = node;
    choose(node, static_cast<int>(first) + 1, per_node_ - 1, so_far);
    current_[first] = -1;
  }
  void choose(int node, int from, int left, double so_far) {
    if (left == 0) {
      const double c = std::max(so_far, cost(members(current_, node)));
      if (c < best_.cost) descend(node + 1, c);
      return;
    }
    for (int g = from; g <= groups_ - left; ++g) {
      if (current_[static_cast<std::size_t>(g)] >= 0) continue;
      current_[static_cast<std::size_t>(g)] = node;
      choose(node, g + 1, left - 1, so_far);
      current_[static_cast<std::size_t>(g)] = -1;
    }
  }
  /// First improvement until no exchange of two groups helps; bounded rounds.
  void exchange() {
    bool improved = true;
    for (int round = 0; improved && round < 50; ++round) {
      improved = false;
      for (std::size_t a = 0; a < current_.size(); ++a)
        for (std::size_t b = a + 1; b < current_.size(); ++b) {
          if (current_[a] == current_[b]) continue;
          std::swap(current_[a], current_[b]);
          const double c = worst(current_);
          if (c < best_.cost) {
            best_ = {current_, c};
            improved = true;
          } else {
            std::swap(current_[a], current_[b]);
          }
        }
    }
  }

  std::span<const double> loads_;
  int node_slots_, node_gpus_, nodes_, groups_, per_node_;
  std::map<std::vector<int>, double> cache_;
  std::vector<int> current_;
  GroupAssignment best_;
};

}  // namespace

std::vector<int> balanced_counts(std::span<const double> loads, int slots, int max_replicas) {
  std::vector<int> counts(loads.size(), 1);
  using Entry = std::pair<double, int>;  // share, -expert: ties go to the first expert
  std::priority_queue<Entry> heap;
  if (max_replicas > 1)
    for (std::size_t e = 0; e < loads.size(); ++e) heap.emplace(loads[e], -static_cast<int>(e));
  for (int left = slots - static_cast<int>(loads.size()); left > 0 && !heap.empty(); --left) {
    const auto e = static_cast<std::size_t>(-heap.top().second);
    heap.pop();
    if (++counts[e] < max_replicas) heap.emplace(loads[e] / counts[e], -static_cast<int>(e));
  }
  return counts;
}

double heaviest_replica(std::span<const double> loads, int slots) {
  const auto counts = balanced_counts(loads, slots, slots);
  double heaviest = 0;
  for (std::size_t e = 0; e < loads.size(); ++e)
    heaviest = std::max(heaviest, loads[e] / counts[e]);
  return heaviest;
}

double imbalance_bound(std::span<const double> loads, int slots, int gpus) {
  const double mean = sum(loads) / gpus;
  return mean > 0 ? std::max(1.0, heaviest_replica(loads, slots) / mean) : 1.0;
}

GroupAssignment assign_groups(std::span<const double> loads, int slots, int gpus, int nodes,
                              int groups) {
  GroupSearch search(loads, slots, gpus, nodes, groups);
  return groups <= kExactGroups ? search.exact() : search.heuristic();
}

std::optional<double> hierarchical_bound(std::span<const double> loads, int slots, int gpus,
                                         int nodes, int groups) {
  const auto experts = static_cast<int>(loads.size());
  const double mean = sum(loads) / gpus;
  if (nodes < 2 || groups % nodes != 0 || groups > kExactGroups || experts % groups != 0 ||
      gpus % nodes != 0 || slots % nodes != 0 || slots < experts || !(mean > 0))
    return std::nullopt;
  return assign_groups(loads, slots, gpus, nodes, groups).cost / mean;
}

}  // namespace moescope
