#include "core/import/kineto/json_tokens.h"

#include "core/import/kineto/json_text.h"

namespace moescope::kineto {

bool is_valid_text(const char* p, const StringToken& token, bool escapes) {
  const std::string_view text(p, static_cast<std::size_t>(token.end - p));
  if (!token.ascii && !is_utf8(text)) return false;
  return !escapes || !token.escaped || valid_escapes(text);
}

}  // namespace moescope::kineto
