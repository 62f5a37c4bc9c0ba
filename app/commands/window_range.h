// The option --window A:B of commands on expert loads.
#pragma once

#include <string>
#include <utility>

namespace moescope {

/// "A:B" with either end left out; the whole when empty. Throws Error when it is no range of
/// `windows` windows.
std::pair<int, int> parse_window(const std::string& text, int windows);

}  // namespace moescope
