#include "app/commands/window_range.h"

#include <fmt/format.h>

#include <charconv>

#include "core/error.h"

namespace moescope {

std::pair<int, int> parse_window(const std::string& text, int windows) {
  if (text.empty()) return {0, windows};
  const auto bad = [&] {
    throw Error("", "--window", fmt::format("\"{}\" is no range of {} windows", text, windows),
                "Give A:B with 0 <= A < B");
  };
  const auto colon = text.find(':');
  if (colon == std::string::npos) bad();
  const auto number = [&](std::string_view part, int missing) {
    if (part.empty()) return missing;
    int n = -1;
    const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), n);
    if (failed != std::errc() || end != part.data() + part.size()) bad();
    return n;
  };
  const std::pair range{number(std::string_view(text).substr(0, colon), 0),
                        number(std::string_view(text).substr(colon + 1), windows)};
  if (range.first < 0 || range.second > windows || range.first >= range.second) bad();
  return range;
}

void add_unit_option(CLI::App& command, std::string& unit, const char* option) {
  command.add_option(option, unit, "Only this unit of a recording")
      ->check(CLI::IsMember({"prefill", "decode"}));
}

}  // namespace moescope
