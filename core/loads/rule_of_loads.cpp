#include "core/loads/rule_of_loads.h"

namespace moescope {

RuleLoads rule_loads(const LoadSet& loads, const Plan& plan, int first, int last) {
  return {loads_of_plan(loads, plan, first, last), sources_of_plan(loads, plan)};
}

RuleLoads rule_loads(const LoadSet& loads, const Plan& plan) {
  return rule_loads(loads, plan, 0, static_cast<int>(loads.windows.size()));
}

Plan under_rule(const Plan& plan, std::optional<ReplicaRule> rule, const LayerLoads& sum,
                const LoadSet& loads) {
  return rule ? under_rule(plan, *rule, RuleLoads{sum, sources_of_plan(loads, plan)}) : plan;
}

Plan under_rule(const Plan& plan, ReplicaRule rule, const LoadSet& loads) {
  return under_rule(plan, rule, rule_loads(loads, plan));
}

}  // namespace moescope
