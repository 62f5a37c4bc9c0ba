// Traffic of the tokens of a layer: copies over InfiniBand and NVLink, each token sent once per
// destination.
#pragma once

#include <optional>
#include <vector>

#include "core/placement/evaluate.h"
#include "core/placement/plan.h"
#include "core/simulate/step/costs.h"

namespace moescope {

/// How likely a token has an expert on a node or a GPU.
struct Visits {
  std::vector<double> node;  ///< [node] by a token of another node
  std::vector<double> gpu;   ///< [gpu] by any token
};

/// From the gate: a token takes `top_groups` groups, each the likelier the more load it has, and
/// `top_k` of their experts, each the likelier the more load it has, none twice and one of each
/// group at least. Tokens of a simulated gate visit as many nodes and GPUs within 1 % (a test).
/// @param share [slot] share of all assignments of the routed experts
/// An expert beyond model.experts (a routed shared expert) is taken by every token.
Visits visits_of_gate(const Plan& plan, const std::vector<int>& row,
                      const std::vector<double>& share, const ModelShape& model);

/// From recorded routes: token t comes from GPU t modulo the GPUs, and takes the replicas of an
/// expert in proportion to their weights.
Visits visits_of_routes(const Plan& plan, const std::vector<int>& row,
                        const std::vector<double>& weight, int layer, const Routes& routes);

/// Prefill: a token crosses InfiniBand once per node, to the GPU of its own index there, which
/// forwards it over NVLink once per GPU. The copy to the own GPU goes the same way.
Traffic normal_traffic(const Plan& plan, const Visits& visits, double tokens_per_gpu);

/// Decode: each choice of a token is sent on its own, straight to the GPU.
/// @param assignments [gpu] choices that end there
Traffic low_latency_traffic(const Plan& plan, const std::vector<double>& assignments);

}  // namespace moescope
