#include "core/simulate/traffic.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moescope {
namespace {

using Index = std::size_t;

/// Sum over all subsets of `chosen` elements of the product of their values.
double subset_products(const std::vector<double>& values, int chosen) {
  std::vector<double> sums(static_cast<Index>(chosen) + 1, 0.0);
  sums[0] = 1;
  for (const double v : values)
    for (Index n = sums.size() - 1; n > 0; --n) sums[n] += sums[n - 1] * v;
  return sums.back();
}

/// Load of each group in each of the places, and of the shared expert.
struct GroupShares {
  std::vector<std::vector<double>> in;  ///< [place][group]
  std::vector<double> shared;           ///< [place]
  std::vector<double> group;            ///< [group]
};

GroupShares group_shares(const Plan& plan, const std::vector<int>& row,
                         const std::vector<double>& share, const ModelShape& model, int gpus_each) {
  const auto groups = static_cast<Index>(model.groups);
  const auto places = static_cast<Index>(plan.num_gpus / gpus_each);
  GroupShares s{std::vector(places, std::vector<double>(groups, 0.0)),
                std::vector<double>(places, 0.0), std::vector<double>(groups, 0.0)};
  double shared = 0;
  const int size = model.experts / model.groups;
  for (Index slot = 0; slot < row.size(); ++slot) {
    if (row[slot] < 0) continue;
    const auto place = static_cast<Index>(plan.gpu_of(static_cast<int>(slot)) / gpus_each);
    if (row[slot] >= model.experts) {
      s.shared[place] += share[slot];
      shared += share[slot];
      continue;
    }
    const auto group = static_cast<Index>(row[slot] / size);
    s.in[place][group] += share[slot];
    s.group[group] += share[slot];
  }
  for (auto& place : s.in)
    for (Index g = 0; g < groups; ++g) place[g] = s.group[g] > 0 ? place[g] / s.group[g] : 0;
  for (auto& v : s.shared) v = shared > 0 ? v / shared : 0;
  return s;
}

std::vector<double> visits_of_places(const Plan& plan, const std::vector<int>& row,
                                     const std::vector<double>& share, const ModelShape& model,
                                     int gpus_each) {
  const auto shares = group_shares(plan, row, share, model, gpus_each);
  const double all = subset_products(shares.group, model.top_groups);
  const double each = static_cast<double>(model.top_k) / model.top_groups;
  std::vector<double> visits;
  std::vector<double> missed(shares.group.size());
  for (Index p = 0; p < shares.in.size(); ++p) {
    for (Index g = 0; g < missed.size(); ++g)
      missed[g] = shares.group[g] * std::pow(std::max(0.0, 1 - shares.in[p][g]), each);
    const double none = all > 0 ? subset_products(missed, model.top_groups) / all : 1;
    visits.push_back(1 - none * (1 - shares.shared[p]));
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
  return {visits_of_places(plan, row, share, model, plan.gpus_per_node()),
          visits_of_places(plan, row, share, model, 1)};
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
