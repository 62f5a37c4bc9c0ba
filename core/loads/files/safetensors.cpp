#include "core/loads/files/safetensors.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <span>

#include "core/error.h"
#include "core/input_file.h"

namespace moescope {
namespace {

constexpr std::uint64_t kMaxHeader = std::uint64_t{64} << 20;

template <typename T>
void widen(const std::vector<char>& bytes, std::vector<std::int64_t>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    T v;
    std::memcpy(&v, bytes.data() + i * sizeof v, sizeof v);
    values[i] = static_cast<std::int64_t>(v);
  }
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : source_(path.string()) {
  refuse_special_file(path);
  file_.open(path, std::ios::binary);
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  std::array<char, kSafetensorsPrefix> prefix{};
  if (!file_ || failed || !file_.read(prefix.data(), prefix.size()))
    throw Error(source_, "", "cannot be read as safetensors", "Check the path");
  const auto length =
      safetensors_header_bytes(source_, std::as_bytes(std::span(prefix)), size, kMaxHeader);
  std::string text(static_cast<std::size_t>(length), '\0');
  if (!file_.read(text.data(), static_cast<std::streamsize>(length)))
    throw Error(source_, "byte 8", "is cut off in the header");
  data_begin_ = kSafetensorsPrefix + length;
  header_ = parse_safetensors_header(source_, text, size - data_begin_);
  for (const auto& [name, entry] : header_.entries)
    if (entry.elements() == 0 || entry.type == DType::F8E4M3)
      throw Error(source_, name, "is empty or of a type that load dumps do not have");
}

const SafetensorsEntry& SafetensorsFile::array(const std::string& name) const {
  const auto it = header_.entries.find(name);
  if (it == header_.entries.end()) throw Error(source_, name, "is not in the file");
  return it->second;
}

std::vector<std::int64_t> SafetensorsFile::integers(const std::string& name, std::size_t limit) {
  const auto& a = array(name);
  if (a.elements() > limit)
    throw Error(source_, name, fmt::format("has {} values, more than can be kept", a.elements()));
  std::vector<char> bytes(static_cast<std::size_t>(a.end - a.begin));
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(data_begin_ + a.begin));
  if (!file_.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    throw Error(source_, name, "is cut off");
  std::vector<std::int64_t> values(a.elements());
  switch (a.type) {
    case DType::U8:
      widen<std::uint8_t>(bytes, values);
      break;
    case DType::I8:
      widen<std::int8_t>(bytes, values);
      break;
    case DType::I16:
      widen<std::int16_t>(bytes, values);
      break;
    case DType::U16:
      widen<std::uint16_t>(bytes, values);
      break;
    case DType::I32:
      widen<std::int32_t>(bytes, values);
      break;
    case DType::U32:
      widen<std::uint32_t>(bytes, values);
      break;
    case DType::I64:
      widen<std::int64_t>(bytes, values);
      break;
    default:
      throw Error(source_, name,
                  std::string("has type ") + to_string(a.type) + ", expected integers");
  }
  return values;
}

}  // namespace moescope
