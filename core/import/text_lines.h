// Lines of a text file of any size, plain or gzip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"

namespace moescope {

/// Longest line that is read.
inline constexpr std::size_t kMaxImportLine = std::size_t{16} << 20;

/// Calls `use(line, number from 1)` for each line without its end; the last one may lack it,
/// `ended` says so. Returns problems of the container. Throws Error (unreadable, a line longer than
/// kMaxImportLine), Cancelled.
std::vector<std::string> for_each_text_line(
    const std::filesystem::path& path, Progress& progress,
    const std::function<void(std::string_view line, std::uint64_t number, bool ended)>& use);

}  // namespace moescope
