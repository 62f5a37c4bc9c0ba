// The header of a safetensors file: u64 little-endian length, JSON, then raw little-endian arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moescope {

/// Element types; the last three are not used for weights.
enum class DType : std::uint8_t {
  F32,
  F16,
  BF16,
  F8E4M3,
  F64,
  I64,
  I32,
  I16,
  I8,
  U8,
  Bool,
  U16,
  U32,
  U64
};
std::size_t size_of(DType type);    ///< bytes of an element
const char* to_string(DType type);  ///< as the format writes it: "F32", "F8_E4M3", ...
bool is_floating(DType type);

/// One array: type, shape and place.
struct SafetensorsEntry {
  DType type = DType::F32;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;  ///< bytes of the data part
  std::uint64_t elements() const { return (end - begin) / size_of(type); }
};

struct SafetensorsHeader {
  std::map<std::string, SafetensorsEntry, std::less<>> entries;
  std::map<std::string, std::string> metadata;
};

/// Bytes before the JSON text.
inline constexpr std::size_t kSafetensorsPrefix = 8;

/// Length of the JSON text as `first_bytes` (at least 8 of them) say. Throws Error when that does
/// not fit a file of `file_bytes` or is above `limit`.
std::uint64_t safetensors_header_bytes(const std::string& file,
                                       std::span<const std::byte> first_bytes,
                                       std::uint64_t file_bytes, std::uint64_t limit);

/// The header, completely checked: types, shapes against bytes, and that the arrays cover the
/// `data_bytes` behind it without overlap or gap. Throws Error naming file and array.
SafetensorsHeader parse_safetensors_header(const std::string& file, std::string_view text,
                                           std::uint64_t data_bytes);

}  // namespace moescope
