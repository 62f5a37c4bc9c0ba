#include <algorithm>

#include "core/simulate/cost/all_to_all.h"

namespace moescope {

const std::vector<std::string_view>& all_to_all_libraries() {
  static const std::vector<std::string_view> names = {
      "deepep_normal",    "deepep_low_latency", "deepep_ht",         "deepep_ll",
      "trtllm_deepep_ht", "trtllm_deepep_ll",   "deepep_v2_context", "deepep_v2_generation"};
  return names;
}

std::string all_to_all_kernel(std::string_view library, bool several_nodes, bool combine) {
  return std::string(library) + (several_nodes ? " nodes" : "") +
         (combine ? " combine" : " dispatch");
}

const char* all_to_all_formula(std::string_view library, bool several_nodes) {
  if (library == "deepep_normal") return several_nodes ? "normal_nodes" : "normal_node";
  if (library == "deepep_low_latency")
    return several_nodes ? "low_latency_nodes" : "low_latency_node";
  return library.ends_with("_ll") ? "once_per_choice" : "once_per_gpu";
}

double groups_visited(double experts, double top_k, double groups) {
  const double of_group = experts / groups;
  double missed = 1;
  for (int i = 0; i < static_cast<int>(top_k); ++i)
    missed *= std::clamp((experts - of_group - i) / std::max(experts - i, 1.0), 0.0, 1.0);
  return groups * (1 - missed);
}

void complete_all_to_all(AllToAllWork& work) {
  const double choices = std::min(work.top_k, work.experts);
  work.token_bytes = work.combine ? 2 * work.hidden : work.hidden * (1 + 4.0 / 128);
  work.gpus_visited = groups_visited(work.experts, choices, work.gpus);
  work.nodes_visited = groups_visited(work.experts, choices, work.nodes);
}

}  // namespace moescope
