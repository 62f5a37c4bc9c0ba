// What the name of a trace file says about its rank.
#pragma once

#include <optional>
#include <string_view>

namespace moescope {

/// Rank in a file name ("rank0", "rank_3", "RANK-12"); nullopt when it has none.
std::optional<int> rank_in_file_name(std::string_view name);

}  // namespace moescope
