#include "app/commands/output_file.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"

namespace moescope {

void require_other_file(const std::string& output, const std::vector<std::string>& inputs) {
  for (const auto& input : inputs) {
    std::error_code ignored;
    if (input.empty() || !std::filesystem::equivalent(input, output, ignored)) continue;
    throw Error(output, "-o",
                fmt::format("is the file that is read ({}), and would be lost", input),
                "Give another file to write");
  }
}

}  // namespace moescope
