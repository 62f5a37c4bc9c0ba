#include "app/commands/window_range.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>

#include "core/error.h"

namespace moescope {
namespace {

Error no_window_range(const std::string& text, std::size_t windows, const char* option) {
  return Error("", option, fmt::format("\"{}\" is not a range of {} windows", text, windows),
               "Give A:B with 0 <= A < B");
}

}  // namespace

std::pair<int, int> parse_window(const std::string& text, int windows) {
  if (text.empty()) return {0, windows};
  const auto bad = [&] {
    throw no_window_range(text, static_cast<std::size_t>(windows), "--window");
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

std::optional<std::pair<int, int>> read_range(const std::string& text, int most) {
  int first = 0, last = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%d:%d%c", &first, &last, &rest) != 2 || first < 0 || last > most ||
      first >= last)
    return std::nullopt;
  return std::pair(first, last);
}

std::optional<std::pair<int, int>> window_range(const std::string& text, const LoadSet& loads,
                                                const char* option) {
  if (text.empty()) return std::nullopt;
  const auto range = read_range(text, static_cast<int>(loads.windows.size()));
  if (!range) throw no_window_range(text, loads.windows.size(), option);
  return range;
}

void add_unit_option(CLI::App& command, std::string& unit, const char* option) {
  command.add_option(option, unit, "Only this unit of a recording")
      ->check(CLI::IsMember({"prefill", "decode"}));
}

}  // namespace moescope
