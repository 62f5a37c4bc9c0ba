#include "core/loads/torch_file.h"

#include <fmt/format.h>
#include <zip.h>

#include <cstring>
#include <map>

#include "core/error.h"
#include "core/input_file.h"

namespace moescope {
namespace {

constexpr std::uint64_t kMaxPickle = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxStorage = std::uint64_t{2} << 30;

template <typename T>
double load_as(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<double>(value);
}

struct Element {
  std::size_t width;
  double (*load)(const char*);
};

const Element* element_of(const std::string& type) {
  static const std::map<std::string, Element> elements = {
      {"ByteStorage", {1, load_as<std::uint8_t>}}, {"CharStorage", {1, load_as<std::int8_t>}},
      {"BoolStorage", {1, load_as<std::uint8_t>}}, {"ShortStorage", {2, load_as<std::int16_t>}},
      {"IntStorage", {4, load_as<std::int32_t>}},  {"LongStorage", {8, load_as<std::int64_t>}},
      {"FloatStorage", {4, load_as<float>}},       {"DoubleStorage", {8, load_as<double>}}};
  const auto it = elements.find(type);
  return it == elements.end() ? nullptr : &it->second;
}

}  // namespace

TorchFile::TorchFile(const std::filesystem::path& path) : source_(path.string()) {
  refuse_special_file(path);
  int code = 0;
  auto* zip = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (zip == nullptr)
    throw Error(source_, "", "cannot be read as a torch archive (zip)",
                "The file may be cut off; copy it again");
  zip_ = zip;
  try {
    const auto count = zip_get_num_entries(zip, 0);
    for (zip_int64_t i = 0; i < count && i < 1000; ++i) {
      const char* name = zip_get_name(zip, static_cast<zip_uint64_t>(i), 0);
      const std::string text = name != nullptr ? name : "";
      if (text == "data.pkl" || text.ends_with("/data.pkl"))
        prefix_ = text.substr(0, text.size() - std::strlen("data.pkl"));
      else
        continue;
      pickle_ = std::make_unique<Pickle>(entry("data.pkl", kMaxPickle), source_);
      return;
    }
    throw Error(source_, "", "is a zip archive without data.pkl, not one of torch");
  } catch (...) {
    zip_discard(zip);
    throw;
  }
}

TorchFile::~TorchFile() {
  zip_discard(static_cast<zip_t*>(zip_));
}

std::string TorchFile::entry(const std::string& name, std::uint64_t limit) {
  auto* zip = static_cast<zip_t*>(zip_);
  const auto full = prefix_ + name;
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat(zip, full.c_str(), 0, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0)
    throw Error(source_, full, "is not in the archive");
  if (stat.size > limit)
    throw Error(source_, full, fmt::format("has {} bytes, more than can be read", stat.size));
  auto* file = zip_fopen(zip, full.c_str(), 0);
  if (file == nullptr) throw Error(source_, full, "cannot be opened in the archive");
  // The declared size is not trusted with memory: the text grows with what is really there.
  std::string bytes, block(1 << 16, '\0');
  for (;;) {
    const auto n = zip_fread(file, block.data(), block.size());
    if (n <= 0 || bytes.size() + static_cast<std::size_t>(n) > stat.size) break;
    bytes.append(block, 0, static_cast<std::size_t>(n));
  }
  zip_fclose(file);
  if (bytes.size() != stat.size) throw Error(source_, full, "is damaged or cut off");
  return bytes;
}

std::vector<double> TorchFile::values(const PickleValue& tensor, std::size_t limit) {
  const auto* element = element_of(tensor.type);
  if (tensor.kind != PickleValue::Kind::Tensor || element == nullptr)
    throw Error(source_, "tensor " + tensor.text,
                tensor.type.empty() ? "is no tensor" : "has elements of " + tensor.type,
                "Expected integers or 32/64-bit floats");
  std::uint64_t count = 1, last = tensor.offset;
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    const auto n = tensor.shape[d];
    if (n == 0 || n > limit / count)
      throw Error(source_, "tensor " + tensor.text, "is empty or has more values than can be kept");
    count *= n;
    if (tensor.stride[d] > kMaxStorage || n > kMaxStorage || tensor.offset > kMaxStorage)
      throw Error(source_, "tensor " + tensor.text, "has a shape outside its storage");
    last += (n - 1) * tensor.stride[d];
  }
  const auto bytes = entry("data/" + tensor.text, kMaxStorage);
  if (last >= bytes.size() / element->width)
    throw Error(source_, "tensor " + tensor.text, "has a shape outside its storage");
  std::vector<double> values(static_cast<std::size_t>(count));
  std::vector<std::uint64_t> index(tensor.shape.size(), 0);
  std::uint64_t at = tensor.offset;
  for (auto& v : values) {
    v = element->load(bytes.data() + at * element->width);
    for (std::size_t d = index.size(); d-- > 0;) {
      at += tensor.stride[d];
      if (++index[d] < tensor.shape[d]) break;
      at -= tensor.stride[d] * tensor.shape[d];
      index[d] = 0;
    }
  }
  return values;
}

}  // namespace moescope
