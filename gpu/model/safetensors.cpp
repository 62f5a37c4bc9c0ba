#include "gpu/model/safetensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/input_file.h"

namespace moescope::runtime {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxHeader = 100'000'000;  ///< the limit of the reference implementation

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

void to_floats(const TensorView& tensor, std::span<float> out) {
  if (out.size() != tensor.elements()) throw std::invalid_argument("to_floats: sizes differ");
  switch (tensor.type) {
    case DType::F32:
      // Not memcpy: a tensor without elements has nowhere to go.
      std::copy(tensor.bytes.begin(), tensor.bytes.end(), std::as_writable_bytes(out).begin());
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
  const auto length = safetensors_header_bytes(name_, map_, map_.size(), kMaxHeader);
  const auto data = map_.subspan(kSafetensorsPrefix + length);
  auto header =
      parse_safetensors_header(name_,
                               {reinterpret_cast<const char*>(map_.data()) + kSafetensorsPrefix,
                                static_cast<std::size_t>(length)},
                               data.size());
  metadata_ = std::move(header.metadata);
  for (auto& [name, entry] : header.entries) {
    if (entry.type > DType::Bool)
      throw Error(name_, "tensor \"" + name + "\"",
                  std::string("unknown dtype \"") + to_string(entry.type) + "\"");
    tensors_.emplace(name, TensorView{entry.type, std::move(entry.shape),
                                      data.subspan(entry.begin, entry.end - entry.begin)});
  }
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
