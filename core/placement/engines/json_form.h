// What the JSON forms of engines share: values that are checked, with their place in the file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace moescope::engines {

using Json = nlohmann::json;

/// Throws Error when `text` is no JSON.
Json parse_json(std::string_view text, const std::string& source);
/// A list of expert ids. @param least kNoExpert where the form has empty slots, else 0
/// Throws Error.
std::vector<int> read_row(const Json& value, const std::string& source, const std::string& place,
                          int least = 0);
/// The value of a key. Throws Error that names it when it is missing.
const Json& value_at(const Json& object, const char* key, const std::string& source);
/// A whole number of 0..limit. Throws Error.
int number_at(const Json& object, const char* key, int limit, const std::string& source);
/// Throws Error when a plan cannot have so many layers.
void check_layers(std::size_t layers, const std::string& source);

/// JSON in one line, whatever bytes are in its strings.
std::string one_line(const Json& value);
/// `text` as one word of a POSIX shell.
std::string shell_word(const std::string& text, bool always_quoted = false);

}  // namespace moescope::engines
