// Checks of output files.
#pragma once

#include <string>
#include <vector>

namespace moescope {

/// Throws Error when `output` is one of the files that the command reads, under any name: writing
/// it would destroy the input. Empty names are left out.
void require_other_file(const std::string& output, const std::vector<std::string>& inputs);

}  // namespace moescope
