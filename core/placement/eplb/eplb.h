// DeepSeek's EPLB, slot for slot: the plan that serving engines make on their
// own.
#pragma once

#include <optional>
#include <string_view>

#include "core/placement/plan.h"

namespace moescope {

/// How groups are kept together. Auto is what DeepSeek's EPLB, SGLang's `--eplb-algorithm auto` and
/// vLLM choose: hierarchical when the groups divide over the nodes, else global.
enum class EplbPolicy { Auto, Hierarchical, Global };

/// Implementations of the same procedure, which differ where loads are equal or nearly so: in the
/// order that their sort leaves equal loads in, and in the precision of their sums.
enum class EplbVariant {
  Torch,     ///< SGLang 0.5.23: torch.sort, shares in float32, loads of GPUs in float64
  Numpy,     ///< vLLM 0.33: numpy.argsort (see TieOrder::Numpy), shares and GPUs in float64
  Deepseek,  ///< deepseek-ai/EPLB: torch.sort, all in float32
  Stable     ///< ties go to the first expert, all in float32
};
/// "torch", "numpy", "deepseek", "stable".
const char* to_string(EplbVariant variant);
std::optional<EplbVariant> eplb_variant_from_name(std::string_view name);

/// Makes the plan of deepseek-ai/EPLB `rebalance_experts` from the description in its README: pack
/// groups on nodes, replicate the heaviest, pack replicas on GPUs, each greedily. Equal to the
/// engine's plan slot for slot, as it is made for loads alone; vLLM afterwards keeps experts that
/// stay on their GPU in their slots.
/// @param loads [layer][expert], read as float32 as the engines do
/// Throws Error when the numbers do not divide or a load is not finite or negative.
Plan eplb_plan(const std::vector<std::vector<double>>& loads, int slots, int groups, int nodes,
               int gpus, EplbPolicy policy = EplbPolicy::Auto,
               EplbVariant variant = EplbVariant::Torch);

}  // namespace moescope
