// JSON as profilers write it: token scanning, exact decimals, normalising, repair of broken text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/trace/types.h"

namespace moescope::kineto {

inline bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
inline const char* skip_space(const char* p, const char* end) {
  while (p < end && is_space(*p)) ++p;
  return p;
}

/// One past the closing quote of the string that opens at `p`; nullptr when it does not close or
/// holds a bare control character.
const char* scan_string(const char* p, const char* end);

/// One past the value at `p`, appended to `out` (unless nullptr) as valid JSON without spaces:
/// bare words, non-finite numbers and integers beyond 64 bits become strings. nullptr when the
/// text is no value.
const char* scan_value(const char* p, const char* end, std::string* out, int depth = 0);

/// Text of a token: what is between the quotes, escapes resolved, or the bare token itself.
/// `scratch` backs the result when escapes had to be resolved.
std::string_view token_text(std::string_view token, std::string& scratch);

/// Integer or decimal of microseconds (plain, in quotes or with an exponent) as ns, digits beyond
/// ns rounded; nullopt when it is no number or does not fit.
std::optional<TimeNs> microseconds_to_ns(std::string_view token);
/// An integer token, plain or in quotes.
std::optional<std::int64_t> token_integer(std::string_view token);

/// Whether `text` is the beginning of a JSON object that is still to be completed: well-formed as
/// far as it goes.
bool is_object_prefix(std::string_view text);

/// `text`, one JSON object with unescaped quotes, control characters, bad escapes, bad UTF-8 or
/// trailing commas, as valid JSON; nullopt when it cannot be told what was meant.
std::optional<std::string> repair_object(std::string_view text);

/// Appends `text` as a JSON string with quotes.
void append_quoted(std::string& out, std::string_view text);

}  // namespace moescope::kineto
