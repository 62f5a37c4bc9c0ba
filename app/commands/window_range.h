// The options --window A:B and --unit of commands on expert loads.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>

namespace moescope {

/// "A:B" with either end left out; the whole when empty. Throws Error when it is no range of
/// `windows` windows.
std::pair<int, int> parse_window(const std::string& text, int windows);

/// Adds `option`: "prefill" or "decode", for recordings that have both.
void add_unit_option(CLI::App& command, std::string& unit, const char* option = "--unit");

}  // namespace moescope
