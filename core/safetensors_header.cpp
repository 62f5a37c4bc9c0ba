#include "core/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/error.h"

namespace moescope {
namespace {

using nlohmann::json;

struct TypeInfo {
  const char* name;
  std::size_t size;
  bool floating;
};
constexpr std::array<TypeInfo, 14> kTypes = {{{"F32", 4, true},
                                              {"F16", 2, true},
                                              {"BF16", 2, true},
                                              {"F8_E4M3", 1, true},
                                              {"F64", 8, true},
                                              {"I64", 8, false},
                                              {"I32", 4, false},
                                              {"I16", 2, false},
                                              {"I8", 1, false},
                                              {"U8", 1, false},
                                              {"BOOL", 1, false},
                                              {"U16", 2, false},
                                              {"U32", 4, false},
                                              {"U64", 8, false}}};
constexpr std::size_t kMaxRank = 16;

std::optional<DType> type_from(std::string_view name) {
  for (std::size_t i = 0; i < kTypes.size(); ++i)
    if (name == kTypes[i].name) return static_cast<DType>(i);
  return std::nullopt;
}

/// Parses the header; refuses a name that stands twice.
json parse_document(const std::string& file, std::string_view text) {
  std::set<std::string> names;
  std::string twice;
  const auto document = json::parse(
      text,
      [&](int depth, json::parse_event_t event, json& value) {
        if (event == json::parse_event_t::key && depth == 1 &&
            !names.insert(value.get<std::string>()).second)
          twice = value.get<std::string>();
        return true;
      },
      false);
  if (document.is_discarded() || !document.is_object())
    throw Error(file, "header", "is not a JSON object");
  if (!twice.empty()) throw Error(file, "tensor \"" + twice + "\"", "stands twice in the header");
  return document;
}

std::uint64_t unsigned_or_throw(const json& value, const std::string& file,
                                const std::string& place) {
  if (!value.is_number_unsigned())
    throw Error(file, place, "expected non-negative integers in shape and data_offsets");
  return value.get<std::uint64_t>();
}

SafetensorsEntry parse_entry(const json& entry, std::uint64_t data_bytes, const std::string& file,
                             const std::string& place) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() ||
      !entry.contains("shape") || !entry["shape"].is_array() || !entry.contains("data_offsets") ||
      !entry["data_offsets"].is_array() || entry["data_offsets"].size() != 2)
    throw Error(file, place, "expected dtype, shape and data_offsets");
  const auto type = type_from(entry["dtype"].get<std::string>());
  if (!type)
    throw Error(file, place, "unknown dtype \"" + entry["dtype"].get<std::string>() + "\"");
  if (entry["shape"].size() > kMaxRank) throw Error(file, place, "has more than 16 dimensions");
  SafetensorsEntry parsed{*type, {}, 0, 0};
  std::uint64_t bytes = size_of(*type);
  for (const auto& dimension : entry["shape"]) {
    parsed.shape.push_back(unsigned_or_throw(dimension, file, place));
    if (__builtin_mul_overflow(bytes, parsed.shape.back(), &bytes))
      throw Error(file, place, "its shape overflows");
  }
  parsed.begin = unsigned_or_throw(entry["data_offsets"][0], file, place);
  parsed.end = unsigned_or_throw(entry["data_offsets"][1], file, place);
  if (parsed.begin > parsed.end || parsed.end > data_bytes)
    throw Error(file, place,
                fmt::format("its bytes {} to {} lie outside the data of {} bytes", parsed.begin,
                            parsed.end, data_bytes),
                "the file is cut or damaged: copy it again");
  if (parsed.end - parsed.begin != bytes)
    throw Error(file, place,
                fmt::format("has {} bytes, its shape needs {}", parsed.end - parsed.begin, bytes));
  return parsed;
}

std::map<std::string, std::string> parse_metadata(const json& entry, const std::string& file) {
  std::map<std::string, std::string> metadata;
  if (!entry.is_object()) throw Error(file, "__metadata__", "expected an object of texts");
  for (const auto& [fact, value] : entry.items()) {
    if (!value.is_string()) throw Error(file, "__metadata__", "expected an object of texts");
    metadata[fact] = value.get<std::string>();
  }
  return metadata;
}

/// The tensors must cover the data without overlap or gap.
void check_cover(const SafetensorsHeader& header, std::uint64_t data_bytes,
                 const std::string& file) {
  std::vector<std::pair<const SafetensorsEntry*, const std::string*>> order;
  for (const auto& [name, entry] : header.entries)
    if (entry.end > entry.begin) order.emplace_back(&entry, &name);
  std::sort(order.begin(), order.end(),
            [](const auto& a, const auto& b) { return a.first->begin < b.first->begin; });
  std::uint64_t at = 0;
  for (const auto& [entry, name] : order) {
    if (entry->begin != at)
      throw Error(file, "tensor \"" + *name + "\"",
                  entry->begin < at ? "overlaps the tensor before it"
                                    : "leaves a gap after the tensor before it",
                  "the file is damaged: copy it again");
    at = entry->end;
  }
  if (at != data_bytes)
    throw Error(file, "", "has bytes behind the last tensor", "the file is damaged");
}

}  // namespace

std::size_t size_of(DType type) {
  return kTypes.at(static_cast<std::size_t>(type)).size;
}
const char* to_string(DType type) {
  return kTypes.at(static_cast<std::size_t>(type)).name;
}
bool is_floating(DType type) {
  return kTypes.at(static_cast<std::size_t>(type)).floating;
}

std::uint64_t safetensors_header_bytes(const std::string& file,
                                       std::span<const std::byte> first_bytes,
                                       std::uint64_t file_bytes, std::uint64_t limit) {
  if (first_bytes.size() < kSafetensorsPrefix || file_bytes < kSafetensorsPrefix)
    throw Error(file, "", fmt::format("has {} bytes, a header length needs 8", file_bytes));
  std::uint64_t length = 0;
  for (std::size_t i = kSafetensorsPrefix; i-- > 0;)
    length = length << 8 | std::to_integer<std::uint64_t>(first_bytes[i]);
  if (length > file_bytes - kSafetensorsPrefix || length > limit)
    throw Error(file, "byte 0",
                fmt::format("the header claims {} bytes, the file has {}", length, file_bytes),
                "the file is cut, damaged or not a safetensors file");
  return length;
}

SafetensorsHeader parse_safetensors_header(const std::string& file, std::string_view text,
                                           std::uint64_t data_bytes) {
  SafetensorsHeader header;
  const auto document = parse_document(file, text);
  for (const auto& [key, entry] : document.items()) {
    if (key == "__metadata__")
      header.metadata = parse_metadata(entry, file);
    else
      header.entries.emplace(key, parse_entry(entry, data_bytes, file, "tensor \"" + key + "\""));
  }
  check_cover(header, data_bytes, file);
  return header;
}

}  // namespace moescope
