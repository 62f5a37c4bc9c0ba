#include "core/loads/safetensors.h"

#include <fmt/format.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace moescope {
namespace {

constexpr std::uint64_t kMaxHeader = std::uint64_t{64} << 20;

std::size_t width_of(const std::string& type) {
  if (type == "U8" || type == "I8" || type == "BOOL") return 1;
  if (type == "I16" || type == "U16" || type == "F16" || type == "BF16") return 2;
  if (type == "I32" || type == "U32" || type == "F32") return 4;
  if (type == "I64" || type == "U64" || type == "F64") return 8;
  return 0;
}

template <typename T>
void widen(const std::vector<char>& bytes, std::vector<std::int64_t>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    T v;
    std::memcpy(&v, bytes.data() + i * sizeof v, sizeof v);
    values[i] = static_cast<std::int64_t>(v);
  }
}

}  // namespace

std::size_t SafetensorsFile::Array::values() const {
  std::size_t n = 1;
  for (const auto s : shape) n *= s;
  return n;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : source_(path.string()), file_(path, std::ios::binary) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  unsigned char length[8] = {};
  if (!file_ || failed || !file_.read(reinterpret_cast<char*>(length), 8))
    throw Error(source_, "", "cannot be read as safetensors", "Check the path");
  std::uint64_t header = 0;
  for (int i = 7; i >= 0; --i) header = header << 8 | length[i];
  if (header > kMaxHeader || header > size - 8)
    throw Error(source_, "byte 0",
                fmt::format("names a header of {} bytes in a file of {}", header, size));
  std::string text(static_cast<std::size_t>(header), '\0');
  if (!file_.read(text.data(), static_cast<std::streamsize>(header)))
    throw Error(source_, "byte 8", "is cut off in the header");
  data_begin_ = 8 + header;
  data_size_ = size - data_begin_;
  try {
    read_header(text);
  } catch (const nlohmann::json::exception& error) {
    throw Error(source_, "byte 8", fmt::format("has a damaged header ({})", error.what()));
  }
}

void SafetensorsFile::read_header(const std::string& text) {
  const auto header = nlohmann::json::parse(text);
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      metadata_ = entry.get<std::map<std::string, std::string>>();
      continue;
    }
    Array array{.type = entry.at("dtype").get<std::string>(),
                .shape = entry.at("shape").get<std::vector<std::size_t>>()};
    const auto offsets = entry.at("data_offsets").get<std::vector<std::uint64_t>>();
    std::size_t bytes = width_of(array.type);
    for (const auto s : array.shape) {
      if (s != 0 && bytes > data_size_ / s)
        bytes = data_size_ + 1;
      else
        bytes *= s;
    }
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data_size_ || bytes == 0 ||
        offsets[1] - offsets[0] != bytes)
      throw Error(source_, name, "has a shape that does not fit its data, or the file is cut off");
    array.begin = offsets[0];
    array.end = offsets[1];
    arrays_.emplace(name, std::move(array));
  }
}

const SafetensorsFile::Array& SafetensorsFile::array(const std::string& name) const {
  const auto it = arrays_.find(name);
  if (it == arrays_.end()) throw Error(source_, name, "is not in the file");
  return it->second;
}

std::vector<std::int64_t> SafetensorsFile::integers(const std::string& name, std::size_t limit) {
  const auto& a = array(name);
  if (a.values() > limit)
    throw Error(source_, name, fmt::format("has {} values, more than can be kept", a.values()));
  std::vector<char> bytes(static_cast<std::size_t>(a.end - a.begin));
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(data_begin_ + a.begin));
  if (!file_.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    throw Error(source_, name, "is cut off");
  std::vector<std::int64_t> values(a.values());
  if (a.type == "U8")
    widen<std::uint8_t>(bytes, values);
  else if (a.type == "I8")
    widen<std::int8_t>(bytes, values);
  else if (a.type == "I16")
    widen<std::int16_t>(bytes, values);
  else if (a.type == "U16")
    widen<std::uint16_t>(bytes, values);
  else if (a.type == "I32")
    widen<std::int32_t>(bytes, values);
  else if (a.type == "U32")
    widen<std::uint32_t>(bytes, values);
  else if (a.type == "I64")
    widen<std::int64_t>(bytes, values);
  else
    throw Error(source_, name, "has type " + a.type + ", expected integers");
  return values;
}

}  // namespace moescope
