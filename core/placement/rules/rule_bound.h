// What a replica rule makes impossible.
#pragma once

#include <span>
#include <vector>

#include "core/placement/evaluate.h"
#include "core/placement/rules/replica_rule.h"

namespace moescope {

/// Replica counts that make the heaviest replica as light as possible when each of `ranks` ranks
/// sends the same share of an expert's tokens, all to one replica: with n replicas the heaviest
/// then has ceil(ranks / n) / ranks of the tokens at least. Slots left over go to the coldest
/// experts. Exact: the heaviest can only be relieved by replicas of its own.
/// @param max_replicas no expert gets more
std::vector<int> counts_for_ranks(std::span<const double> loads, int slots, int max_replicas,
                                  int ranks);

/// Lower bound on the imbalance of a layer over all plans with that many slots, under the rule:
/// max(1, heaviest replica / mean GPU load). Where each rank sends an expert's tokens to one
/// replica, replicas have the tokens of whole ranks, see above. 1 without load.
/// @param sources [rank][expert] tokens; nullptr: every rank sends the same share
double rule_bound(std::span<const double> loads, int slots, int gpus, ReplicaRule rule,
                  const std::vector<std::vector<double>>* sources = nullptr);

}  // namespace moescope
