#include "core/loads/files/torch_file.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "core/error.h"
#include "core/loads/files/float16.h"
#include "core/loads/files/load_file.h"

namespace moescope {
namespace {

constexpr std::uint64_t kMaxPickle = std::uint64_t{256} << 20;
/// Offsets, strides and sizes beyond any file.
constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 40;
/// Bytes of one tensor in memory, with those between its values when it is a view.
constexpr std::uint64_t kMaxSpan = std::uint64_t{1} << 30;
/// Elements of a view that repeats what it stores, as expand() makes one: few bytes must not be
/// work for minutes.
constexpr std::uint64_t kMaxRepeated = std::uint64_t{1} << 22;

template <typename T>
double load_as(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<double>(value);
}

template <double (*decode)(std::uint16_t)>
double load_float16(const char* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return decode(bits);
}

struct Element {
  std::size_t width;
  double (*load)(const char*);
};

const Element* element_of(const std::string& type) {
  static const std::map<std::string, Element> elements = {
      {"ByteStorage", {1, load_as<std::uint8_t>}},
      {"CharStorage", {1, load_as<std::int8_t>}},
      {"BoolStorage", {1, load_as<std::uint8_t>}},
      {"ShortStorage", {2, load_as<std::int16_t>}},
      {"IntStorage", {4, load_as<std::int32_t>}},
      {"LongStorage", {8, load_as<std::int64_t>}},
      {"FloatStorage", {4, load_as<float>}},
      {"DoubleStorage", {8, load_as<double>}},
      {"HalfStorage", {2, load_float16<half_value>}},
      {"BFloat16Storage", {2, load_float16<bfloat16_value>}},
      {"uint16", {2, load_as<std::uint16_t>}},
      {"uint32", {4, load_as<std::uint32_t>}},
      {"uint64", {8, load_as<std::uint64_t>}}};
  const auto it = elements.find(type);
  return it == elements.end() ? nullptr : &it->second;
}

/// Values of a tensor and where the last of them lies in its storage.
struct Extent {
  std::uint64_t count = 1, last = 0;
};

Extent extent_of(const PickledTensor& tensor, std::size_t limit, const std::string& source) {
  Extent extent{1, tensor.offset};
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    const auto n = tensor.shape[d];
    if (n == 0 || n > limit / extent.count)
      throw Error(source, "tensor " + tensor.key, "is empty or has more values than can be kept");
    extent.count *= n;
    if (tensor.stride[d] > kMaxElements / n || tensor.offset > kMaxElements)
      throw Error(source, "tensor " + tensor.key, "has a shape outside its storage");
    extent.last += (n - 1) * tensor.stride[d];
  }
  return extent;
}

}  // namespace

TorchFile::TorchFile(const std::filesystem::path& path) : source_(path.string()) {
  // Every byte of the file may be needed once; views of a storage are few.
  bytes_left_ = 4 * load_file_bytes(path) + kMaxSpan;
  int code = 0;
  zip_ = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (zip_ == nullptr)
    throw Error(source_, "", "cannot be read as a torch archive (zip)",
                "The file may be cut off; copy it again");
  try {
    open_archive();
  } catch (...) {
    zip_discard(static_cast<zip_t*>(zip_));
    throw;
  }
}

TorchFile::~TorchFile() {
  zip_discard(static_cast<zip_t*>(zip_));
}

void TorchFile::open_archive() {
  auto* zip = static_cast<zip_t*>(zip_);
  const auto count = zip_get_num_entries(zip, 0);
  for (zip_int64_t i = 0; i < count && pickle_ == nullptr; ++i) {
    const char* name = zip_get_name(zip, static_cast<zip_uint64_t>(i), 0);
    const std::string_view text = name != nullptr ? name : "";
    if (text != "data.pkl" && !text.ends_with("/data.pkl")) continue;
    prefix_ = text.substr(0, text.size() - std::strlen("data.pkl"));
    const auto size = entry_size("data.pkl");
    if (size > kMaxPickle)
      throw Error(source_, std::string(text),
                  fmt::format("has {} bytes, more than can be read", size));
    pickle_ = std::make_unique<Pickle>(bytes("data.pkl", 0, size), source_);
  }
  if (pickle_ == nullptr)
    throw Error(source_, "", "is a zip archive without data.pkl, not one of torch");
  if (zip_name_locate(zip, (prefix_ + "byteorder").c_str(), 0) >= 0 &&
      bytes("byteorder", 0, std::min<std::uint64_t>(entry_size("byteorder"), 16)) != "little")
    throw Error(source_, "byteorder", "is not little", "Save it again on a little-endian machine");
}

std::uint64_t TorchFile::entry_size(const std::string& name) const {
  zip_stat_t stat;
  zip_stat_init(&stat);
  const auto full = prefix_ + name;
  if (zip_stat(static_cast<zip_t*>(zip_), full.c_str(), 0, &stat) != 0 ||
      (stat.valid & ZIP_STAT_SIZE) == 0)
    throw Error(source_, full, "is not in the archive");
  return stat.size;
}

std::string TorchFile::bytes(const std::string& name, std::uint64_t begin, std::uint64_t end) {
  const auto full = prefix_ + name;
  if (end > bytes_left_) throw Error(source_, full, "is used by more tensors than a load dump has");
  bytes_left_ -= end;
  auto* file = zip_fopen(static_cast<zip_t*>(zip_), full.c_str(), 0);
  if (file == nullptr) throw Error(source_, full, "cannot be opened in the archive");
  // The declared size is not trusted with memory: the text grows with what is really there.
  std::string found, block(1 << 16, '\0');
  for (std::uint64_t at = 0; at < end;) {
    const auto n = zip_fread(file, block.data(), std::min<std::uint64_t>(block.size(), end - at));
    if (n <= 0) break;
    const auto got = static_cast<std::uint64_t>(n),
               skip = begin > at ? std::min(begin - at, got) : 0;
    found.append(block, static_cast<std::size_t>(skip), static_cast<std::size_t>(got - skip));
    at += got;
  }
  zip_fclose(file);
  if (found.size() != end - begin) throw Error(source_, full, "is damaged or cut off");
  return found;
}

void TorchFile::read_rows(const PickleValue& value, std::size_t limit,
                          const std::function<void(std::size_t, std::span<const double>)>& use) {
  if (value.kind != PickleValue::Kind::Tensor) throw Error(source_, "", "is not a tensor");
  const PickledTensor& tensor = pickle_->tensor(value);
  const auto* element = element_of(tensor.type);
  if (element == nullptr)
    throw Error(source_, "tensor " + tensor.key, "has elements of " + tensor.type,
                "Expected integers or floats of 16, 32 or 64 bits");
  const auto extent = extent_of(tensor, limit, source_);
  const std::uint64_t stored = entry_size("data/" + tensor.key) / element->width;
  if (extent.last >= stored || (extent.last + 1 - tensor.offset) > kMaxSpan / element->width)
    throw Error(source_, "tensor " + tensor.key, "has a shape outside its storage");
  if (extent.count > stored && extent.count > kMaxRepeated)
    throw Error(source_, "tensor " + tensor.key,
                fmt::format("repeats {} stored elements to {}", stored, extent.count),
                "Save a contiguous tensor");
  const auto data = bytes("data/" + tensor.key, tensor.offset * element->width,
                          (extent.last + 1) * element->width);
  const std::size_t dimensions = tensor.shape.size();
  const std::uint64_t width = dimensions == 0 ? 1 : tensor.shape.back();
  const std::uint64_t step = dimensions == 0 ? 0 : tensor.stride.back();
  std::vector<double> row(static_cast<std::size_t>(width));
  std::vector<std::uint64_t> index(dimensions, 0);
  std::uint64_t at = 0;
  for (std::uint64_t r = 0; r < extent.count / width; ++r) {
    for (std::uint64_t i = 0; i < width; ++i)
      row[i] = element->load(data.data() + (at + i * step) * element->width);
    use(static_cast<std::size_t>(r), row);
    for (std::size_t d = dimensions; d-- > 1;) {
      at += tensor.stride[d - 1];
      if (++index[d - 1] < tensor.shape[d - 1]) break;
      at -= tensor.stride[d - 1] * tensor.shape[d - 1];
      index[d - 1] = 0;
    }
  }
}

std::vector<double> TorchFile::values(const PickleValue& tensor, std::size_t limit) {
  std::vector<double> values;
  read_rows(tensor, limit, [&](std::size_t, std::span<const double> row) {
    values.insert(values.end(), row.begin(), row.end());
  });
  return values;
}

}  // namespace moescope
