// Whether loads say enough to act on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/loads/load_set.h"
#include "core/placement/plan.h"

namespace moescope {

struct LoadEvidence {
  int windows = 0;
  /// Cosine between the deviations of GPU loads from their mean in the earlier and in the later
  /// half of the windows, over all layers: 1 where the same GPUs stay hot, 0 where they have
  /// nothing to do with each other. nullopt with one window, or where nothing deviates.
  std::optional<double> persistence;
  /// Imbalance that evenly loaded GPUs would show because tokens are counted, not measured:
  /// 1 + sqrt(GPUs / tokens) sqrt(2 ln GPUs), in a layer, over all windows. nullopt where the loads
  /// are shares, so that the number of tokens is unknown.
  std::optional<double> chance_imbalance;
  double tokens = 0;  ///< of a layer, choices of the router; a mean over layers
};

/// @param plan in force, with the shares of its replicas
LoadEvidence load_evidence(const Plan& plan, const LoadSet& loads);

/// What is missing to act, each a phrase: "a second window of loads: ...". Empty when nothing is.
/// @param imbalance mean over layers, under the plan and its rule
std::vector<std::string> missing_evidence(const LoadEvidence& evidence, double imbalance);

}  // namespace moescope
