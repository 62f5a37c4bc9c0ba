// Files of loads, checked before they are opened or read into memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "core/progress.h"

namespace moescope {

/// Bytes of an ordinary file. Throws Error for anything else: a pipe could block, a device never
/// ends.
std::uint64_t load_file_bytes(const std::filesystem::path& path);
/// The first `count` bytes of an ordinary file, or all of a shorter one. Throws Error.
std::string load_file_head(const std::filesystem::path& path, std::size_t count);
/// All of an ordinary file; its size is compared with `limit` before anything is read. Throws
/// Error.
std::string load_file_text(const std::filesystem::path& path, std::uint64_t limit);
/// Calls `use(line, number from 1)` for each line of a log of any size, without its end. What a
/// line has beyond 1 MiB is left out. Throws Error, Cancelled.
void for_each_log_line(const std::filesystem::path& path, Progress& progress,
                       const std::function<void(std::string_view, std::int64_t)>& use);

}  // namespace moescope
