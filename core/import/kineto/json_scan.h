// Finding where JSON tokens and values end, as fast as the text can be read.
#pragma once

#include <string>
#include <string_view>

namespace moescope::kineto {

/// Deepest nesting that is followed.
inline constexpr int kMaxDepth = 64;

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

/// Whether `text` is the beginning of a JSON object that is still to be completed: well-formed as
/// far as it goes.
bool is_object_prefix(std::string_view text);

}  // namespace moescope::kineto
