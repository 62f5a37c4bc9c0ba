// Repair of one broken JSON object as profilers write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace moescope::kineto {

/// `text`, one JSON object with unescaped quotes, control characters, bad escapes, bad UTF-8 or
/// trailing commas, as valid JSON; nullopt when the meaning is unclear.
std::optional<std::string> repair_object(std::string_view text);

}  // namespace moescope::kineto
