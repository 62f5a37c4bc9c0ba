// DeepSeek's EPLB, slot for slot: the plan that serving engines make on their
// own.
#pragma once

#include "core/placement/plan.h"

namespace moescope {

enum class EplbPolicy { Auto, Hierarchical, Global };

/// Makes the plan of deepseek-ai/EPLB `rebalance_experts` from the description
/// in its README: pack groups on nodes, replicate the heaviest, pack replicas
/// on GPUs, each greedily, in float32. Ties go to the first expert, the first
/// bin. Auto is hierarchical when groups divide over nodes.
/// @param loads [layer][expert]
/// Throws Error when the numbers do not divide or a load is not finite or
/// negative.
Plan eplb_plan(const std::vector<std::vector<double>>& loads, int slots, int groups, int nodes,
               int gpus, EplbPolicy policy = EplbPolicy::Auto);

}  // namespace moescope
