// Ranks that hang, in words.
#pragma once

#include <string>
#include <vector>

#include "core/cluster/wire/node_types.h"

namespace moescope {

/// A line for every process or rank that hangs: "ranks 2, 3, 6, 7: its process is stopped, for 4 s
/// (process 812 on host-1)". Ranks that hang for one reason in one process stand in one line.
std::vector<std::string> hung_lines(const std::vector<NodeHungRank>& hung);

}  // namespace moescope
