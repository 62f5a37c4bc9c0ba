// How good a plan is for given loads, next to what is possible.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/placement/plan.h"
#include "core/progress.h"

namespace moescope {

using LayerLoads = std::vector<std::vector<double>>;  ///< [layer][expert], tokens
/// Tokens by the rank that they come from: [layer][rank][expert].
using SourceLoads = std::vector<std::vector<std::vector<double>>>;

/// Decisions of the router for single tokens: [token][layer][top k], logical
/// experts, -1 for none.
struct Routes {
  int layers = 0, top_k = 0;
  std::vector<std::int16_t> experts;  ///< [token][layer][top_k]
  std::size_t tokens() const {
    return layers * top_k == 0 ? 0 : experts.size() / static_cast<std::size_t>(layers * top_k);
  }
};

/// Imbalances are max GPU load / mean GPU load over the live GPUs; 1 is
/// perfect. A layer without load counts as balanced (1).
struct LayerEvaluation {
  double equal = 1;                  ///< tokens of an expert split equally over its replicas
  std::optional<double> weighted;    ///< with the plan's own replica weights
  std::optional<double> under_rule;  ///< with options.shares
  double best_split = 1;             ///< with the best possible split
  double bound = 1;                  ///< of any plan with that many slots
  std::optional<double> bound_hierarchical;  ///< of any plan with every group on one node
  int duplicate_slots = 0;                   ///< second copies of an expert on a GPU
  int components = 1;                        ///< of the graph of GPUs joined by shared experts
  std::optional<int> copies;  ///< (GPU, expert) pairs that the previous plan does not have
  std::optional<double> remote_nodes_per_token;  ///< with the nearest replica chosen
  std::optional<double> active_split;  ///< best split with options.active_per_gpu slots in use
  int off_node_copies = 0;             ///< replicas outside the node that holds most of their group
  bool no_load = false;
};

struct EvaluateOptions {
  const Plan* previous = nullptr;
  const Routes* routes = nullptr;
  bool with_best_split = true;
  std::optional<int> active_per_gpu;  ///< slots that compute in one step, see choose_active()
  /// [layer][slot] shares of an expert's tokens under a replica rule, see slot_shares().
  const std::vector<std::vector<double>>* shares = nullptr;
  int threads = 0;  ///< 0 = all cores
};

/// @pre validate_plan() found no error. Throws Error when loads or the previous
/// plan do not fit.
std::vector<LayerEvaluation> evaluate_plan(const Plan& plan, const LayerLoads& loads,
                                           const EvaluateOptions& options, Progress& progress);

/// Throw Error when loads, another plan or routes are not of the plan's shape.
void require_loads_fit(const Plan& plan, const LayerLoads& loads);
void require_comparable(const Plan& plan, const Plan& previous);
void require_routes_fit(const Plan& plan, const Routes& routes);

/// Load of each GPU with the given split ([slot] weights) or, when empty, with
/// equal shares.
std::vector<double> gpu_loads(const std::vector<int>& row, const std::vector<double>& loads,
                              int gpus, const std::vector<double>& weight = {});

/// max / mean of GPU loads over the live GPUs; 1 without load.
double imbalance_of(const std::vector<double>& per_gpu, int live_gpus);

/// (GPU, expert) pairs of `row` that `previous` does not have.
int copies_needed(const std::vector<int>& row, const std::vector<int>& previous, int gpus);
/// Connected parts of the graph of live GPUs in which GPUs that hold the same
/// expert are joined.
int component_count(const std::vector<int>& row, int gpus);

/// mean, 95th percentile and maximum over layers; the percentile is the
/// smallest value that at least 95 % of the layers do not exceed.
struct Summary {
  double mean = 0, p95 = 0, max = 0;
};
Summary summarize(std::vector<double> values);

}  // namespace moescope
