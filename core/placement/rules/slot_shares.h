// What a replica rule makes of a plan: the share of an expert's tokens that each slot gets.
//
// Shares have the form of replica weights, so that every figure of a plan - balance, prediction,
// forecast, chart - is one under a rule when it is taken of under_rule(plan).
#pragma once

#include <string>
#include <vector>

#include "core/placement/evaluate.h"
#include "core/placement/plan.h"
#include "core/placement/rules/replica_rule.h"

namespace moescope {

using SlotShares = std::vector<std::vector<double>>;             ///< [layer][slot], 0..1
using DispatchMap = std::vector<std::vector<std::vector<int>>>;  ///< [rank][layer][expert], slot

/// The loads that rules need: the best split depends on the loads, rules of ranks on the sources.
struct RuleLoads {
  LayerLoads loads;       ///< [layer][expert] tokens
  SourceLoads by_source;  ///< [layer][rank][expert] tokens, in any unit; empty: every live rank
                          ///< sends the same share of each expert's tokens
};

/// Expected share of its expert's tokens that each slot gets; those of an expert sum to 1. Tokens
/// from dead GPUs do not count; an expert without tokens has the shares of equal sources.
/// @pre validate_plan() found no error
/// Throws Error when loads or sources do not fit the plan.
SlotShares slot_shares(const Plan& plan, ReplicaRule rule, const RuleLoads& loads);

/// max / mean GPU load of each layer under the rule, over live GPUs; 1 without load.
/// @pre loads fit the plan
std::vector<double> imbalances_under(const Plan& plan, ReplicaRule rule, const RuleLoads& loads);

/// `plan` with these shares as its replica weights. Of a rule with equal shares it is `plan`
/// without weights, so that its figures are the same to the last bit.
Plan under_rule(Plan plan, ReplicaRule rule, const RuleLoads& loads);

/// The slot that each rank sends the tokens of each expert to; -1 where the rule draws one for each
/// token, and for experts without a slot. Throws Error when the rule has no such map.
DispatchMap dispatch_map(const Plan& plan, ReplicaRule rule);

/// "sglang static 0.5.23: each rank sends ...; every rank is assumed to send the same share".
std::string rule_text(ReplicaRule rule, bool knows_sources);

/// Throws Error when sources are not of the plan's layers, GPUs and experts.
void require_sources_fit(const Plan& plan, const SourceLoads& by_source);

}  // namespace moescope
