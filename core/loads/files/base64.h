// Base64 as JSON replies carry bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace moescope {

/// The bytes of standard base64 (RFC 4648, padding optional); nullopt when it is none.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace moescope
