// This program as its own child: a call of a tool has its own memory, time and end.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace moescope::mcp {

struct ChildLimits {
  double seconds = 60;
  std::size_t output_bytes = std::size_t{1} << 20;
};

struct ChildResult {
  enum class End { Exited, Crashed, TimedOut, TooLong, Stopped };
  End end = End::Exited;
  int exit_code = 0;
  std::string out, err;  ///< stderr is cut after 64 KiB
};

/// Runs `moescope ARGUMENTS...` without stdin, in `folder`, and ends it at the limits. The child
/// ends with this process.
/// @param input a descriptor to watch meanwhile, -1 for none: `on_input` is called when it can be
/// read, returns true to stop the child, and may change it. Throws Error when the child cannot be
/// started.
ChildResult run_child(const std::vector<std::string>& arguments,
                      const std::filesystem::path& folder, const ChildLimits& limits,
                      const int& input, const std::function<bool()>& on_input);

}  // namespace moescope::mcp
