// The plan under which loads of GPUs are shown, and its origin.
#pragma once

#include <optional>
#include <string>

#include "core/loads/load_set.h"
#include "core/placement/rules/replica_rule.h"

namespace moescope {

/// Layout to assume where neither plan nor source specify it; 0 assumes the usual.
struct AssumedLayout {
  int gpus = 0, nodes = 0, groups = 0;
  friend bool operator==(const AssumedLayout&, const AssumedLayout&) = default;
};

struct PlacementOfLoads {
  enum class Origin { Plan, Running, InOrder };
  Origin origin = Origin::InOrder;
  Plan plan;  ///< valid, with the layers and experts of the loads; num_groups is 1 when not known
  /// Groups of consecutive experts to sum over; assumed when the plan's num_groups is 1.
  int groups = 1;
  bool assumed_gpus = false;  ///< the number of GPUs is a guess
  std::string note;           ///< why an available plan is not used
};

/// `plan` when it fits the loads, else the placement they were recorded under, else experts in
/// order.
PlacementOfLoads placement_of_loads(const LoadSet& loads, const Plan* plan,
                                    const AssumedLayout& assumed = {});

/// "the plan", "the placement that ran", "experts in order" with GPUs and slots.
std::string describe(const PlacementOfLoads& view);
/// The same with ", replicas by SGLang static" where a rule is named.
std::string describe(const PlacementOfLoads& view, std::optional<ReplicaRule> rule);

}  // namespace moescope
