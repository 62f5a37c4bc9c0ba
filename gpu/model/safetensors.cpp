#include "gpu/model/safetensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/error.h"

namespace moescope::runtime {
namespace {

using nlohmann::json;

struct TypeInfo {
  const char* name;
  std::size_t size;
  bool floating;
};
constexpr std::array<TypeInfo, 11> kTypes = {{{"F32", 4, true},
                                              {"F16", 2, true},
                                              {"BF16", 2, true},
                                              {"F8_E4M3", 1, true},
                                              {"F64", 8, true},
                                              {"I64", 8, false},
                                              {"I32", 4, false},
                                              {"I16", 2, false},
                                              {"I8", 1, false},
                                              {"U8", 1, false},
                                              {"BOOL", 1, false}}};
constexpr std::uint64_t kMaxHeader = 100'000'000;  ///< the limit of the reference implementation
constexpr std::size_t kMaxRank = 16;

std::optional<DType> type_from(std::string_view name) {
  for (std::size_t i = 0; i < kTypes.size(); ++i)
    if (name == kTypes[i].name) return static_cast<DType>(i);
  return std::nullopt;
}

/// Maps a file read-only; an empty span for an empty file.
std::span<const std::byte> map_file(const std::string& name) {
  const int fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw Error(name, "", std::string("cannot be opened: ") + std::strerror(errno));
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    throw Error(name, "", "is not a regular file");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = size > 0 ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0) : nullptr;
  const int error = errno;
  ::close(fd);
  if (data == MAP_FAILED)
    throw Error(name, "", std::string("cannot be mapped: ") + std::strerror(error));
  return {static_cast<const std::byte*>(data), size};
}

/// Parses the header; refuses a name that stands twice.
json parse_header(const std::string& file, std::string_view text) {
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

TensorView parse_tensor(const json& entry, std::span<const std::byte> data, const std::string& file,
                        const std::string& place) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() ||
      !entry.contains("shape") || !entry["shape"].is_array() || !entry.contains("data_offsets") ||
      !entry["data_offsets"].is_array() || entry["data_offsets"].size() != 2)
    throw Error(file, place, "expected dtype, shape and data_offsets");
  const auto type = type_from(entry["dtype"].get<std::string>());
  if (!type)
    throw Error(file, place, "unknown dtype \"" + entry["dtype"].get<std::string>() + "\"");
  if (entry["shape"].size() > kMaxRank) throw Error(file, place, "has more than 16 dimensions");
  TensorView view{*type, {}, {}};
  std::uint64_t bytes = size_of(*type);
  for (const auto& dimension : entry["shape"]) {
    view.shape.push_back(unsigned_or_throw(dimension, file, place));
    if (__builtin_mul_overflow(bytes, view.shape.back(), &bytes))
      throw Error(file, place, "its shape overflows");
  }
  const auto begin = unsigned_or_throw(entry["data_offsets"][0], file, place);
  const auto end = unsigned_or_throw(entry["data_offsets"][1], file, place);
  if (begin > end || end > data.size())
    throw Error(
        file, place,
        fmt::format("its bytes {} to {} lie outside the data of {} bytes", begin, end, data.size()),
        "the file is cut or damaged: copy it again");
  if (end - begin != bytes)
    throw Error(file, place, fmt::format("has {} bytes, its shape needs {}", end - begin, bytes));
  view.bytes = data.subspan(begin, end - begin);
  return view;
}

float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU, mantissa = half & 0x3FFU;
  float value = 0;
  if (exponent == 0) {
    value = static_cast<float>(mantissa) * 0x1p-24F;
  } else {
    const std::uint32_t bits =
        (exponent == 31 ? 0x7F800000U : (exponent + 112) << 23) | (mantissa << 13);
    std::memcpy(&value, &bits, sizeof value);
  }
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  bits |= sign;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// OCP FP8 E4M3: bias 7, no infinities, 0x7F and 0xFF are NaN.
float e4m3_to_float(std::uint8_t bits) {
  const int exponent = (bits >> 3) & 0xF, mantissa = bits & 7;
  float value = 0;
  if (exponent == 15 && mantissa == 7)
    value = std::numeric_limits<float>::quiet_NaN();
  else if (exponent == 0)
    value = std::ldexp(static_cast<float>(mantissa), -9);
  else
    value = std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
  return (bits & 0x80U) != 0 ? -value : value;
}

template <typename Element, typename Convert>
void convert(std::span<const std::byte> bytes, std::span<float> out, Convert to_float) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Element element{};
    std::memcpy(&element, bytes.data() + i * sizeof(Element), sizeof(Element));
    out[i] = to_float(element);
  }
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

void to_floats(const TensorView& tensor, std::span<float> out) {
  if (out.size() != tensor.elements()) throw std::invalid_argument("to_floats: sizes differ");
  switch (tensor.type) {
    case DType::F32:
      std::memcpy(out.data(), tensor.bytes.data(), tensor.bytes.size());
      break;
    case DType::F16:
      convert<std::uint16_t>(tensor.bytes, out, half_to_float);
      break;
    case DType::BF16:
      convert<std::uint16_t>(tensor.bytes, out, [](std::uint16_t value) {
        const std::uint32_t bits = static_cast<std::uint32_t>(value) << 16;
        float result = 0;
        std::memcpy(&result, &bits, sizeof result);
        return result;
      });
      break;
    case DType::F8E4M3:
      convert<std::uint8_t>(tensor.bytes, out, e4m3_to_float);
      break;
    case DType::F64:
      convert<double>(tensor.bytes, out, [](double value) { return static_cast<float>(value); });
      break;
    default:
      throw std::invalid_argument("to_floats: not a floating type");
  }
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : name_(path.string()), map_(map_file(name_)) {
  try {
    parse();
  } catch (...) {
    if (!map_.empty()) ::munmap(const_cast<std::byte*>(map_.data()), map_.size());
    throw;
  }
}

SafetensorsFile::~SafetensorsFile() {
  if (!map_.empty()) ::munmap(const_cast<std::byte*>(map_.data()), map_.size());
}

void SafetensorsFile::parse() {
  if (map_.size() < 8)
    throw Error(name_, "", fmt::format("has {} bytes, a header length needs 8", map_.size()));
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i)
    length = length << 8 | std::to_integer<std::uint64_t>(map_[static_cast<std::size_t>(i)]);
  if (length > map_.size() - 8 || length > kMaxHeader)
    throw Error(name_, "byte 0",
                fmt::format("the header claims {} bytes, the file has {}", length, map_.size()),
                "the file is cut, damaged or not a safetensors file");
  const auto header = parse_header(
      name_, {reinterpret_cast<const char*>(map_.data()) + 8, static_cast<std::size_t>(length)});
  const auto data = map_.subspan(8 + length);
  std::vector<std::pair<std::span<const std::byte>, const std::string*>> order;
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") {
      if (!entry.is_object()) throw Error(name_, "__metadata__", "expected an object of texts");
      for (const auto& [fact, value] : entry.items()) {
        if (!value.is_string()) throw Error(name_, "__metadata__", "expected an object of texts");
        metadata_[fact] = value.get<std::string>();
      }
      continue;
    }
    const auto added =
        tensors_.emplace(key, parse_tensor(entry, data, name_, "tensor \"" + key + "\"")).first;
    if (!added->second.bytes.empty()) order.emplace_back(added->second.bytes, &added->first);
  }
  std::sort(order.begin(), order.end(),
            [](const auto& a, const auto& b) { return a.first.data() < b.first.data(); });
  const std::byte* at = data.data();
  for (const auto& [bytes, tensor] : order) {
    if (bytes.data() != at)
      throw Error(name_, "tensor \"" + *tensor + "\"",
                  bytes.data() < at ? "overlaps the tensor before it"
                                    : "leaves a gap after the tensor before it",
                  "the file is damaged: copy it again");
    at = bytes.data() + bytes.size();
  }
  if (at != data.data() + data.size())
    throw Error(name_, "", "has bytes behind the last tensor", "the file is damaged");
}

Checkpoint::Checkpoint(std::filesystem::path folder) : folder_(std::move(folder)) {
  const auto index = folder_ / "model.safetensors.index.json";
  const auto single = folder_ / "model.safetensors";
  std::error_code ignored;
  if (!std::filesystem::exists(index, ignored)) {
    if (!std::filesystem::exists(single, ignored))
      throw Error(folder_.string(), "",
                  "holds neither model.safetensors nor model.safetensors.index.json");
    for (const auto& [name, view] : shard("model.safetensors").tensors())
      file_of_[name] = "model.safetensors";
    return;
  }
  const auto bytes = map_file(index.string());
  const json document =
      json::parse(reinterpret_cast<const char*>(bytes.data()),
                  reinterpret_cast<const char*>(bytes.data()) + bytes.size(), nullptr, false);
  if (!bytes.empty()) ::munmap(const_cast<std::byte*>(bytes.data()), bytes.size());
  if (document.is_discarded() || !document.is_object() || !document.contains("weight_map") ||
      !document["weight_map"].is_object())
    throw Error(index.string(), "", "expected a JSON object with \"weight_map\"");
  for (const auto& [name, file] : document["weight_map"].items()) {
    // A shard lies beside its index: a path in its place could read any file.
    if (!file.is_string() || file.get<std::string>().empty() || file.get<std::string>() == ".." ||
        file.get<std::string>().find('/') != std::string::npos)
      throw Error(index.string(), "tensor \"" + name + "\"",
                  "expected the name of a file beside it");
    file_of_[name] = file.get<std::string>();
  }
}

const SafetensorsFile& Checkpoint::shard(const std::string& file) {
  auto& entry = shards_[file];
  if (entry == nullptr) entry = std::make_unique<SafetensorsFile>(folder_ / file);
  return *entry;
}

bool Checkpoint::has(std::string_view name) const {
  return file_of_.find(name) != file_of_.end();
}

const TensorView& Checkpoint::tensor(std::string_view name) {
  const auto it = file_of_.find(name);
  if (it == file_of_.end())
    throw Error(folder_.string(), "tensor \"" + std::string(name) + "\"", "is missing");
  const auto& tensors = shard(it->second).tensors();
  const auto found = tensors.find(name);
  if (found == tensors.end())
    throw Error((folder_ / it->second).string(), "tensor \"" + std::string(name) + "\"",
                "is missing, though the index says it is here");
  return found->second;
}

std::vector<std::string> Checkpoint::names() const {
  std::vector<std::string> result;
  for (const auto& [name, file] : file_of_) result.push_back(name);
  return result;
}

}  // namespace moescope::runtime
