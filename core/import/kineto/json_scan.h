// Finding where JSON values end, and writing them as valid JSON.
#pragma once

#include <string>
#include <string_view>

#include "core/import/kineto/json_tokens.h"

namespace moescope::kineto {

/// Deepest nesting that is followed.
inline constexpr int kMaxDepth = 64;

/// One past the value at `p`, appended to `out` (unless nullptr) as valid JSON without spaces:
/// bare words, non-finite numbers and integers beyond 64 bits become strings. nullptr when the
/// text is no value.
const char* scan_value(const char* p, const char* end, std::string* out, int depth = 0);

/// One past the value at `p`, nullptr when the text is no value.
inline const char* value_end(const char* p, const char* end, int depth) {
  if (p < end && *p == '"') return valid_string_end(p, end);
  if (p < end && is_token_char(*p)) return token_end(p, end);
  return scan_value(p, end, nullptr, depth);
}

/// Whether `text` is the beginning of a JSON object that is still to be completed: well-formed as
/// far as it goes.
bool is_object_prefix(std::string_view text);

}  // namespace moescope::kineto
