#include "core/loads/load_headline.h"

#include <algorithm>

#include "core/loads/expert_facts.h"
#include "core/loads/metrics.h"
#include "core/loads/rule_of_loads.h"

namespace moescope {

LoadHeadline load_headline(const LoadSet& loads, const PlacementOfLoads& placement, int first,
                           int last, std::optional<ReplicaRule> rule) {
  LoadHeadline headline;
  headline.rule = rule;
  headline.balance = rule ? plan_balance(under_rule(placement.plan, *rule,
                                                    rule_loads(loads, placement.plan, first, last)),
                                         loads, first, last)
                          : plan_balance(placement.plan, loads, first, last);
  headline.origin = placement.origin;
  headline.placement = describe(placement);
  const LayerLoads sum = sum_windows(loads, first, last);
  for (std::size_t row = 0; row < sum.size(); ++row) {
    const double of_layer = unevenness(sum[row]).max_over_mean;
    if (row > 0 && of_layer <= headline.hottest) continue;
    headline.hottest = of_layer;
    headline.hottest_layer = layer_of_row(loads, static_cast<int>(row));
    headline.hottest_expert =
        static_cast<int>(std::max_element(sum[row].begin(), sum[row].end()) - sum[row].begin());
  }
  return headline;
}

}  // namespace moescope
