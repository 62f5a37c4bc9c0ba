// Numbers in the JSON that traces carry, which may be written as text.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

namespace moescope {

/// The member `key` of a JSON object as a whole number, also where it is text; nullopt when it is
/// absent or something else.
template <typename Json>
std::optional<std::int64_t> whole_number_in(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end()) return {};
  if (it->is_number_integer()) return it->template get<std::int64_t>();
  if (!it->is_string()) return {};
  const auto& text = it->template get_ref<const std::string&>();
  std::int64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = end.ec == std::errc() && end.ptr == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

}  // namespace moescope
