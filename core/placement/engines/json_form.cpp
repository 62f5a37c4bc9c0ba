#include "core/placement/engines/json_form.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/placement/plan.h"

namespace moescope::engines {

Json parse_json(std::string_view text, const std::string& source) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(source, "", fmt::format("is not valid JSON ({})", error.what()));
  }
}

std::vector<int> read_row(const Json& value, const std::string& source, const std::string& place,
                          int least) {
  if (!value.is_array() || value.size() > kMaxPlanSlots)
    throw Error(source, place, "is not a list of experts");
  std::vector<int> row;
  row.reserve(value.size());
  for (const auto& e : value) {
    if (!e.is_number_integer() || e < least || e >= kMaxPlanExperts)
      throw Error(source, fmt::format("{}, slot {}", place, row.size()),
                  fmt::format("holds {}, expected an expert id", e.dump()));
    row.push_back(e.get<int>());
  }
  return row;
}

const Json& value_at(const Json& object, const char* key, const std::string& source) {
  if (!object.is_object() || !object.contains(key)) throw Error(source, key, "is missing");
  return object[key];
}

int number_at(const Json& object, const char* key, int limit, const std::string& source) {
  const auto& v = value_at(object, key, source);
  if (!v.is_number_integer() || v < 0 || v > limit)
    throw Error(source, key, fmt::format("is {}, expected 0..{}", v.dump(), limit));
  return v.get<int>();
}

void check_layers(std::size_t layers, const std::string& source) {
  if (layers == 0 || layers > kMaxPlanLayers)
    throw Error(source, "", fmt::format("has {} layers, expected 1..{}", layers, kMaxPlanLayers));
}

std::string one_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string shell_word(const std::string& text, bool always_quoted) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!always_quoted && !text.empty() && text.find_first_not_of(kPlain) == std::string::npos)
    return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace moescope::engines
