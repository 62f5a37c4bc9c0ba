// What expert loads say in a line: how uneven the GPUs are, and which expert is hottest.
#pragma once

#include <optional>

#include "core/loads/load_set.h"
#include "core/loads/placement_of_loads.h"
#include "core/loads/plan_balance.h"
#include "core/placement/rules/replica_rule.h"

namespace moescope {

struct LoadHeadline {
  PlanBalance balance;  ///< of the GPUs under `placement`
  PlacementOfLoads::Origin origin = PlacementOfLoads::Origin::InOrder;  ///< of `placement`
  std::string placement;                                                ///< describe() of it
  std::optional<ReplicaRule> rule;  ///< that `balance` is under; nullopt: the plan's weights
  int hottest_layer = 0;            ///< model layer
  int hottest_expert = 0;           ///< logical
  double hottest = 1;               ///< its load over the mean of the experts of its layer
};

/// Over windows [first, last). Throws Error when the placement does not fit the loads, or the rule
/// cannot be followed.
LoadHeadline load_headline(const LoadSet& loads, const PlacementOfLoads& placement, int first,
                           int last, std::optional<ReplicaRule> rule = std::nullopt);

}  // namespace moescope
