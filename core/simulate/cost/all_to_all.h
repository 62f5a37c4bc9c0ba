// Dispatch and combine: the libraries, and what follows from the layout of a unit.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/simulate/cost/work.h"

namespace moescope {

/// Names as in measured tables: "deepep_normal", "deepep_low_latency", ...
const std::vector<std::string_view>& all_to_all_libraries();

/// Name of the kernel in KernelId: "deepep_normal nodes dispatch".
std::string all_to_all_kernel(std::string_view library, bool several_nodes, bool combine);
/// Name of the formula that a kernel of the library has.
const char* all_to_all_formula(std::string_view library, bool several_nodes);

/// Expected different groups (GPUs or nodes) among `groups` that hold the `top_k` different experts
/// of a token, experts spread evenly.
double groups_visited(double experts, double top_k, double groups);

/// Fills in what follows from tokens, experts, GPUs and nodes: bytes of a copy (FP8 with a float
/// scale for 128 values out, BF16 back) and the GPUs and nodes that a token visits.
void complete_all_to_all(AllToAllWork& work);

}  // namespace moescope
