// Replica rules with the loads of a dump.
#pragma once

#include <optional>

#include "core/loads/load_set.h"
#include "core/placement/rules/slot_shares.h"

namespace moescope {

/// Windows [first, last) in the layers of the plan, with the sources of their tokens where the
/// loads tell them for as many ranks as the plan has. Sources are those of all windows. Throws
/// Error when the loads lack a layer of the plan.
RuleLoads rule_loads(const LoadSet& loads, const Plan& plan, int first, int last);
RuleLoads rule_loads(const LoadSet& loads, const Plan& plan);  ///< of all windows

/// The plan under a rule with the sum of some windows, in the layers of the plan; as it is without
/// a rule.
Plan under_rule(const Plan& plan, std::optional<ReplicaRule> rule, const LayerLoads& sum,
                const LoadSet& loads);

/// The plan under a rule with all windows of the loads, see under_rule() of plans.
Plan under_rule(const Plan& plan, ReplicaRule rule, const LoadSet& loads);

}  // namespace moescope
