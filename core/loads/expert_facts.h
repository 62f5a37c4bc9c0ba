// What is known of one layer, expert or GPU of expert loads under a plan.
#pragma once

#include <optional>
#include <vector>

#include "core/loads/load_set.h"
#include "core/placement/plan.h"

namespace moescope {

/// Where a value stands among its like; a value without any load stands first with the others.
struct LoadStanding {
  double tokens = 0;
  double share = 0;      ///< of all tokens of the layer, 0..1
  double over_mean = 0;  ///< tokens / mean of its like; 0 without load
  int rank = 1;          ///< 1 has the most
  int of = 0;            ///< how many there are
};
/// Of the `index`-th of `values`.
LoadStanding standing_of(const std::vector<double>& values, int index);

/// A slot that holds an expert.
struct ReplicaFacts {
  int slot = 0, gpu = 0, node = 0;
  double tokens = 0;  ///< its part, by the plan's weights, else an equal share
};
struct ExpertFacts {
  LoadStanding standing;  ///< among the experts of the layer
  std::vector<ReplicaFacts> replicas;
};
/// @param loads tokens of the layer's experts
ExpertFacts expert_facts(const std::vector<double>& loads, const Plan& plan, int layer, int expert);

struct GpuFacts {
  LoadStanding standing;  ///< among the GPUs
  int node = 0;
  bool dead = false;
  std::vector<ReplicaFacts> replicas;  ///< in its slots
  std::vector<int> experts;            ///< [replica]
};
GpuFacts gpu_facts(const std::vector<double>& loads, const Plan& plan, int layer, int gpu);

struct LayerFacts {
  double tokens = 0;
  double imbalance = 1;          ///< of the GPUs: max / mean over the live ones
  double expert_imbalance = 1;   ///< of the experts: max / mean
  int heaviest_gpu = 0;          ///< GPU with the most tokens
  int hottest = 0;               ///< expert with the most tokens
  double hottest_over_mean = 0;  ///< its tokens / mean of the experts
};
LayerFacts layer_facts(const std::vector<double>& loads, const Plan& plan, int layer);

/// The row of the loads that is model layer `layer`; nullopt when there is none.
std::optional<int> row_of_layer(const LoadSet& loads, int layer);
/// The same of a plan.
std::optional<int> row_of_layer(const Plan& plan, int layer);
/// The model layer of a row of the loads.
int layer_of_row(const LoadSet& loads, int row);

}  // namespace moescope
