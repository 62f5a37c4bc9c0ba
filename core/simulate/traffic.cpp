#include "core/simulate/traffic.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moescope {
namespace {

using Index = std::size_t;

/// Element n: sum over all subsets of n elements of the product of their values, up to `most`.
std::vector<double> subset_products(const double* values, Index count, Index most) {
  std::vector<double> sums(most + 1, 0.0);
  sums[0] = 1;
  for (Index i = 0; i < count; ++i)
    for (Index n = most; n > 0; --n) sums[n] += sums[n - 1] * values[i];
  return sums;
}

/// Of two disjoint sets together.
std::vector<double> join(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> sums(a.size(), 0.0);
  for (Index n = 0; n < sums.size(); ++n)
    for (Index i = 0; i <= n; ++i) sums[n] += a[i] * b[n - i];
  return sums;
}

/// A gate that takes `top_groups` groups, each set of them with a weight of the product of their
/// loads, and then `top_k` experts of these at once, each set of them with a weight of the product
/// of the experts' odds. The odds are those of being taken, given that the group is: for sets of
/// fixed size that comes close to the loads the odds were made from.
class GateModel {
 public:
  /// @param load [expert] share of all assignments
  GateModel(const ModelShape& model, const std::vector<double>& load)
      : size_(load.size() / static_cast<Index>(model.groups)),
        top_groups_(static_cast<Index>(model.top_groups)),
        top_k_(static_cast<Index>(model.top_k)),
        odds_(load) {
    for (Index g = 0; g < static_cast<Index>(model.groups); ++g)
      group_.push_back(std::accumulate(&load[g * size_], &load[g * size_] + size_, 0.0));
    const double all = subset_products(group_.data(), group_.size(), top_groups_).back();
    for (Index g = 0; g < group_.size(); ++g) set_odds(g, all);
    add_sets(products(odds_), {1}, 1, 0, 0, [this](double weight, double ways) {
      sets_.push_back(ways > 0 ? weight / ways : 0);
      sum_ += ways > 0 ? weight : 0;
    });
  }
  /// How likely none of a token's experts lies in a place with these parts of them.
  double none(const std::vector<double>& part) const {
    auto outside = odds_;
    for (Index e = 0; e < outside.size(); ++e) outside[e] *= 1 - part[e];
    double sum = 0;
    Index at = 0;
    add_sets(products(outside), {1}, 1, 0, 0,
             [&](double, double left) { sum += sets_[at++] * left; });
    return sum_ > 0 ? sum / sum_ : 1;
  }

 private:
  using Products = std::vector<std::vector<double>>;  ///< [group][experts taken]

  /// Turns the loads of a group's experts into odds; `all` sums the weights of all sets of groups.
  void set_odds(Index group, double all) {
    constexpr double kMostLikely = 0.999;
    auto others = group_;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(group));
    const double with =
        group_[group] * subset_products(others.data(), others.size(), top_groups_ - 1).back();
    for (Index e = group * size_; e < (group + 1) * size_; ++e) {
      const double taken =
          with > 0 ? std::min(static_cast<double>(top_k_) * odds_[e] * all / with, kMostLikely) : 0;
      odds_[e] = taken / (1 - taken);
    }
  }
  Products products(const std::vector<double>& odds) const {
    Products all;
    for (Index g = 0; g < group_.size(); ++g) {
      all.push_back(subset_products(&odds[g * size_], size_, top_k_));
      all.back().front() = 0;  // a group is taken for its best experts
    }
    return all;
  }
  /// Calls visit(weight of the set, sum over its ways to take top_k experts) for every set of
  /// groups, always in the same order.
  template <typename Visit>
  void add_sets(const Products& products, const std::vector<double>& taken, double weight,
                Index next, Index chosen, const Visit& visit) const {
    if (chosen == top_groups_) return visit(weight, taken.back());
    for (Index g = next; g + top_groups_ - chosen <= group_.size(); ++g)
      add_sets(products, chosen == 0 ? products[g] : join(taken, products[g]), weight * group_[g],
               g + 1, chosen + 1, visit);
  }

  Index size_, top_groups_, top_k_;
  std::vector<double> odds_, group_;
  std::vector<double> sets_;  ///< weight of each set of groups over its ways to take experts
  double sum_ = 0;            ///< of the sets' weights
};

/// [expert] load of a layer, the routed shared expert's behind those of the model.
std::vector<double> expert_loads(const std::vector<int>& row, const std::vector<double>& share,
                                 Index experts) {
  std::vector<double> load(experts + 1, 0.0);
  for (Index slot = 0; slot < row.size(); ++slot)
    if (row[slot] >= 0) load[std::min(static_cast<Index>(row[slot]), experts)] += share[slot];
  return load;
}

/// How likely a token has an expert in each place of `gpus_each` GPUs. `load` as expert_loads().
std::vector<double> visits_of_places(const Plan& plan, const std::vector<int>& row,
                                     const std::vector<double>& share,
                                     const std::vector<double>& load, const GateModel& gate,
                                     int gpus_each) {
  const Index experts = load.size() - 1;
  // [place][expert] part of an expert's tokens that a place gets.
  std::vector parts(static_cast<Index>(plan.num_gpus / gpus_each),
                    std::vector<double>(experts + 1, 0.0));
  for (Index slot = 0; slot < row.size(); ++slot) {
    if (row[slot] < 0) continue;
    const auto place = static_cast<Index>(plan.gpu_of(static_cast<int>(slot)) / gpus_each);
    parts[place][std::min(static_cast<Index>(row[slot]), experts)] += share[slot];
  }
  std::vector<double> visits;
  for (auto& place : parts) {
    for (Index e = 0; e <= experts; ++e) place[e] = load[e] > 0 ? place[e] / load[e] : 0;
    visits.push_back(1 - gate.none(place) * (1 - place[experts]));
  }
  return visits;
}

/// Slots of an expert with the upper ends of their shares of its tokens.
struct Choice {
  std::vector<int> slots;
  std::vector<double> upto;
};

std::vector<Choice> choices_of(const std::vector<int>& row, const std::vector<double>& weight,
                               int experts) {
  std::vector<Choice> choices(static_cast<Index>(experts));
  for (Index s = 0; s < row.size(); ++s) {
    if (row[s] < 0) continue;
    auto& c = choices[static_cast<Index>(row[s])];
    c.upto.push_back((c.upto.empty() ? 0 : c.upto.back()) + weight[s]);
    c.slots.push_back(static_cast<int>(s));
  }
  return choices;
}

}  // namespace

Visits visits_of_gate(const Plan& plan, const std::vector<int>& row,
                      const std::vector<double>& share, const ModelShape& model) {
  const auto load = expert_loads(row, share, static_cast<Index>(model.experts));
  auto routed = load;
  routed.pop_back();
  const double sum = std::accumulate(routed.begin(), routed.end(), 0.0);
  for (auto& v : routed) v = sum > 0 ? v / sum : 0;
  const GateModel gate(model, routed);
  return {visits_of_places(plan, row, share, load, gate, plan.gpus_per_node()),
          visits_of_places(plan, row, share, load, gate, 1)};
}

Visits visits_of_routes(const Plan& plan, const std::vector<int>& row,
                        const std::vector<double>& weight, int layer, const Routes& routes) {
  const auto choices = choices_of(row, weight, plan.num_experts);
  Visits visits{std::vector<double>(static_cast<Index>(plan.num_nodes), 0.0),
                std::vector<double>(static_cast<Index>(plan.num_gpus), 0.0)};
  std::vector<Index> last_node(visits.node.size(), 0), last_gpu(visits.gpu.size(), 0);
  const auto top_k = static_cast<Index>(routes.top_k);
  constexpr double kGolden = 0.6180339887498949;  // spreads tokens evenly over any shares
  for (Index t = 0; t < routes.tokens(); ++t) {
    const auto source = static_cast<int>(t % static_cast<Index>(plan.num_gpus));
    const double turn = std::fmod(static_cast<double>(t + 1) * kGolden, 1.0);
    const auto* ids =
        &routes
             .experts[(t * static_cast<Index>(routes.layers) + static_cast<Index>(layer)) * top_k];
    for (Index k = 0; k < top_k; ++k) {
      if (ids[k] < 0 || ids[k] >= plan.num_experts) continue;
      const auto& c = choices[static_cast<Index>(ids[k])];
      if (c.slots.empty()) continue;
      const auto at = std::upper_bound(c.upto.begin(), c.upto.end(), turn * c.upto.back());
      const auto i = std::min(static_cast<Index>(at - c.upto.begin()), c.slots.size() - 1);
      const auto gpu = static_cast<Index>(plan.gpu_of(c.slots[i]));
      const auto node = static_cast<Index>(plan.node_of_gpu(static_cast<int>(gpu)));
      if (last_gpu[gpu] != t + 1) visits.gpu[gpu] += 1;
      if (last_node[node] != t + 1 && static_cast<int>(node) != plan.node_of_gpu(source))
        visits.node[node] += 1;
      last_gpu[gpu] = last_node[node] = t + 1;
    }
  }
  const double tokens = static_cast<double>(std::max<Index>(routes.tokens(), 1));
  const double foreign = tokens * (plan.num_nodes - 1) / plan.num_nodes;
  for (auto& v : visits.node) v = foreign > 0 ? std::min(1.0, v / foreign) : 0;
  for (auto& v : visits.gpu) v /= tokens;
  return visits;
}

Traffic normal_traffic(const Plan& plan, const Visits& visits, double tokens_per_gpu) {
  const auto gpus = static_cast<Index>(plan.num_gpus);
  Traffic t;
  t.ib_in.assign(gpus, 0.0);
  t.ib_out = t.nvlink_in = t.nvlink_out = t.ib_in;
  const double per_node = plan.gpus_per_node();
  const double foreign = tokens_per_gpu * (plan.num_gpus - per_node);
  const double all_nodes = std::accumulate(visits.node.begin(), visits.node.end(), 0.0);
  std::vector<double> arriving(static_cast<Index>(plan.num_nodes), 0.0);
  for (Index g = 0; g < gpus; ++g) {
    const auto node = static_cast<Index>(plan.node_of_gpu(static_cast<int>(g)));
    t.ib_in[g] = foreign * visits.node[node] / per_node;
    t.ib_out[g] = tokens_per_gpu * (all_nodes - visits.node[node]);
    t.nvlink_in[g] = tokens_per_gpu * plan.num_gpus * visits.gpu[g];
    arriving[node] += t.nvlink_in[g];
  }
  for (Index g = 0; g < gpus; ++g)
    t.nvlink_out[g] =
        arriving[static_cast<Index>(plan.node_of_gpu(static_cast<int>(g)))] / per_node;
  t.nodes_per_token = all_nodes;
  t.remote_nodes_per_token =
      plan.num_nodes > 1 ? all_nodes * (plan.num_nodes - 1) / plan.num_nodes : 0;
  t.gpus_per_token = std::accumulate(visits.gpu.begin(), visits.gpu.end(), 0.0);
  return t;
}

Traffic low_latency_traffic(const Plan& plan, const std::vector<double>& assignments) {
  const auto gpus = static_cast<Index>(plan.num_gpus);
  const double near = 1.0 / plan.num_nodes;  // sources are spread evenly over the nodes
  std::vector<double> of_node(static_cast<Index>(plan.num_nodes), 0.0);
  for (Index g = 0; g < gpus; ++g)
    of_node[static_cast<Index>(plan.node_of_gpu(static_cast<int>(g)))] += assignments[g];
  const double all = std::accumulate(of_node.begin(), of_node.end(), 0.0);
  Traffic t;
  for (Index g = 0; g < gpus; ++g) {
    const double own = of_node[static_cast<Index>(plan.node_of_gpu(static_cast<int>(g)))];
    t.ib_in.push_back(assignments[g] * (1 - near));
    t.nvlink_in.push_back(assignments[g] * near);
    t.ib_out.push_back((all - own) / plan.num_gpus);
    t.nvlink_out.push_back(own / plan.num_gpus);
  }
  return t;
}

}  // namespace moescope
