// Ranges A:B and the option --unit of commands on expert loads.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>

#include "core/loads/load_set.h"

namespace moescope {

/// "A:B" with either end left out; the whole when empty. Throws Error when it is no range of
/// `windows` windows.
std::pair<int, int> parse_window(const std::string& text, int windows);

/// "A:B" with both ends and 0 <= A < B <= `most`; nullopt when `text` is none.
std::optional<std::pair<int, int>> read_range(const std::string& text, int most);
/// The windows A:B of `loads`, both ends given; nullopt for "". Throws Error that names `option`.
std::optional<std::pair<int, int>> window_range(const std::string& text, const LoadSet& loads,
                                                const char* option);

/// Adds `option`: "prefill" or "decode", for recordings that have both.
void add_unit_option(CLI::App& command, std::string& unit, const char* option = "--unit");

}  // namespace moescope
