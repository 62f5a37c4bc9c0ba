// What PyTorch's Flight Recorder dumps: the last collectives of a rank, with their states.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/trace/types.h"

namespace moescope::flight {

/// One collective, send or receive. Times are ns since 1970, as the threads of the process saw
/// them.
struct Entry {
  std::int64_t group_id = 0;
  std::string group, name, state, thread;
  TimeNs created = 0;  ///< when it was enqueued
  std::optional<TimeNs> started, completed;
  std::optional<TimeNs> duration;  ///< of the kernel, measured by the GPU
  bool point_to_point = false;
  std::int64_t sequence = 0;  ///< in its group
  std::string args;           ///< JSON object
};

struct Dump {
  std::string version;  ///< of the format, "2.10"
  std::string library;  ///< version of NCCL or another library, or ""
  std::vector<Entry> entries;
  std::size_t largest_group = 0;             ///< ranks of the largest process group
  std::map<std::string, std::string> facts;  ///< states of process groups
  std::map<std::string, std::uint64_t> skipped;
};

/// Whether the bytes begin like a dump, as a pickle or as JSON.
bool is_pickled_dump(std::string_view head);
bool is_json_dump(std::string_view head);

/// Throws Error when the file is larger than 128 MiB, damaged, of another major version or no dump.
Dump read_dump(const std::filesystem::path& path);

}  // namespace moescope::flight
