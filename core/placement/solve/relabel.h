// A new plan with its GPUs and slots renamed so that little has to be copied from the running one.
#pragma once

#include <vector>

#include "core/placement/solve/solve.h"

namespace moescope {

/// `row` with whole GPUs exchanged, so that as few (GPU, expert) pairs as possible are missing in
/// `running`; inside a GPU, experts that stay keep their slots. Which experts share a GPU does not
/// change, so neither do balance and connections. Unless options.hierarchy is Off, GPUs that share
/// a node go on sharing one. Pins, bans and dead GPUs of `options` are kept.
/// @pre `row` obeys the options; both have options.slot_count slots of experts below `experts`
std::vector<int> relabel_row(const std::vector<int>& row, const std::vector<int>& running,
                             int experts, const SolveOptions& options, int layer);

}  // namespace moescope
