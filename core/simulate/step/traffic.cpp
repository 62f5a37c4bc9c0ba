#include "core/simulate/step/traffic.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/simulate/step/gate_model.h"

namespace moescope {
namespace {

using Index = std::size_t;

/// [expert] load of a layer, the routed shared expert's behind those of the model.
std::vector<double> expert_loads(const std::vector<int>& row, const std::vector<double>& share,
                                 Index experts) {
  std::vector<double> load(experts + 1, 0.0);
  for (Index slot = 0; slot < row.size(); ++slot)
    if (row[slot] >= 0) load[std::min(static_cast<Index>(row[slot]), experts)] += share[slot];
  return load;
}

/// How likely a token has an expert in each place of `slots_each` slots. `load` as expert_loads().
std::vector<double> visits_of_places(const std::vector<int>& row, const std::vector<double>& share,
                                     const std::vector<double>& load, const GateModel& gate,
                                     Index slots_each) {
  const Index shared = load.size() - 1;
  std::vector<double> visits;
  std::vector<ExpertPart> parts;
  GateModel::Scratch scratch;
  // Replicas that get the same part, each alone on its GPU, are one place.
  std::vector<std::pair<double, double>> of_one(shared, {-1, 0});  // [expert] part and result
  const auto none = [&](const std::vector<ExpertPart>& place) {
    if (place.size() != 1) return gate.none(place, scratch);
    auto& [part, result] = of_one[place.front().expert];
    if (part != place.front().part) {
      result = gate.none(place, scratch);
      part = place.front().part;
    }
    return result;
  };
  for (Index first = 0; first < row.size(); first += slots_each) {
    parts.clear();
    for (Index slot = first; slot < first + slots_each; ++slot)
      if (row[slot] >= 0)
        parts.push_back({std::min(static_cast<Index>(row[slot]), shared), share[slot]});
    std::stable_sort(parts.begin(), parts.end(),
                     [](const ExpertPart& a, const ExpertPart& b) { return a.expert < b.expert; });
    Index kept = 0;  // copies of an expert in one place are one
    for (const auto& part : parts) {
      if (kept > 0 && parts[kept - 1].expert == part.expert)
        parts[kept - 1].part += part.part;
      else
        parts[kept++] = part;
    }
    parts.resize(kept);
    for (auto& [expert, part] : parts) part = load[expert] > 0 ? part / load[expert] : 0;
    double of_shared = 0;
    if (!parts.empty() && parts.back().expert == shared) {
      of_shared = parts.back().part;
      parts.pop_back();
    }
    visits.push_back(1 - none(parts) * (1 - of_shared));
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
  const auto slots = static_cast<Index>(plan.slots_per_gpu());
  return {
      visits_of_places(row, share, load, gate, slots * static_cast<Index>(plan.gpus_per_node())),
      visits_of_places(row, share, load, gate, slots)};
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
