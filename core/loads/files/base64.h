// Base64 as JSON carries bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace moescope {

/// The bytes of standard base64 (RFC 4648, padding optional); nullopt when it is none.
std::optional<std::string> decode_base64(std::string_view text);
/// Standard base64 with padding.
std::string encode_base64(std::string_view bytes);

}  // namespace moescope
