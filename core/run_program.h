// Running another program to its end.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"

namespace moescope {

/// The executable file that PATH has for `name`, nullopt when it has none.
std::optional<std::filesystem::path> find_program(std::string_view name);

/// Runs `command` without a shell and without stdin; its output goes to `log`. Returns the exit
/// status, 128 + N when signal N ended it. Reports `what` meanwhile; a cancelled run is ended with
/// all that it started. Throws Error when it cannot be started, Cancelled.
int run_program(const std::vector<std::string>& command, const std::filesystem::path& log,
                std::string_view what, Progress& progress);

}  // namespace moescope
