// Lower bounds on the load of the heaviest GPU over all plans.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace moescope {

/// Replica counts that make the heaviest replica as light as possible: each
/// further slot goes to the expert whose replicas are the heaviest. Greedy is
/// optimal here.
/// @param max_replicas no expert gets more copies (GPUs that can host it);
/// slots left over go unused
std::vector<int> balanced_counts(std::span<const double> loads, int slots, int max_replicas);

/// Smallest possible max(load / count) over counts that sum to `slots`; slots
/// >= loads.size().
double heaviest_replica(std::span<const double> loads, int slots);

/// max(1, heaviest_replica / mean GPU load): no plan with that many slots is
/// better, whatever the split of tokens. 1 without load.
double imbalance_bound(std::span<const double> loads, int slots, int gpus);

/// A partition of the routing groups over nodes.
struct GroupAssignment {
  std::vector<int> node_of_group;
  double cost = 0;  ///< max over nodes of max(mean GPU load, heaviest replica), tokens
};

/// The best assignment of groups to nodes when each group stays on one node:
/// exact up to 10 groups, beyond that heaviest-first with pairwise exchanges.
/// @pre groups divides loads.size(), nodes divides groups, gpus and slots
GroupAssignment assign_groups(std::span<const double> loads, int slots, int gpus, int nodes,
                              int groups);

/// Lower bound on imbalance for plans that keep each group on one node; nullopt
/// when groups do not divide over nodes, when there is one node, or when there
/// are too many groups for exact search.
std::optional<double> hierarchical_bound(std::span<const double> loads, int slots, int gpus,
                                         int nodes, int groups);

}  // namespace moescope
