// Small tools for scanning logs: lines, and numbers behind a name.
#pragma once

#include <optional>
#include <string_view>

namespace moescope {

/// Cuts the next line off `text`, without its end; false when there is none.
bool next_line(std::string_view& text, std::string_view& line);
/// The number right behind the first `name` ("mean="); nullopt when it is not there or not finite.
std::optional<double> number_after(std::string_view line, std::string_view name);
/// The text between the first `begin` and the next `end` behind it.
std::optional<std::string_view> between(std::string_view line, std::string_view begin,
                                        std::string_view end);

}  // namespace moescope
