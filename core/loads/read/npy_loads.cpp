// NPY arrays of counts or routes; their header is a Python dict as text.
#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <map>

#include "core/error.h"
#include "core/loads/files/float16.h"
#include "core/loads/read/array_loads.h"
#include "core/loads/read/formats.h"
#include "core/loads/read/npy.h"

namespace moescope {
namespace {

using Type = NumberArray::Type;

std::string_view field(std::string_view header, std::string_view key) {
  const auto at = header.find(key);
  if (at == std::string_view::npos) return {};
  const auto from = header.find_first_not_of(" :", at + key.size());
  return from == std::string_view::npos ? std::string_view() : header.substr(from);
}

template <typename T>
double load_as(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<double>(value);
}

double load_half(const char* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return half_value(bits);
}

struct Element {
  std::size_t width;
  Type type;
  double (*load)(const char*);
};

const Element* element_of(const std::string& type) {
  static const std::map<std::string, Element> elements = {
      {"|u1", {1, Type::Narrow, load_as<std::uint8_t>}},
      {"|i1", {1, Type::Narrow, load_as<std::int8_t>}},
      {"<u2", {2, Type::Narrow, load_as<std::uint16_t>}},
      {"<i2", {2, Type::Narrow, load_as<std::int16_t>}},
      {"<i4", {4, Type::Int32, load_as<std::int32_t>}},
      {"<u4", {4, Type::Other, load_as<std::uint32_t>}},
      {"<i8", {8, Type::Other, load_as<std::int64_t>}},
      {"<u8", {8, Type::Other, load_as<std::uint64_t>}},
      {"<f2", {2, Type::Other, load_half}},
      {"<f4", {4, Type::Other, load_as<float>}},
      {"<f8", {8, Type::Other, load_as<double>}}};
  const auto it = elements.find(type);
  return it == elements.end() ? nullptr : &it->second;
}

std::vector<std::size_t> shape_of(std::string_view header, const std::string& source) {
  const auto bad = [&](const char* problem) { throw Error(source, "NPY header", problem); };
  auto text = field(header, "'shape'");
  if (text.empty() || text[0] != '(') bad("has no shape");
  text.remove_prefix(1);
  std::vector<std::size_t> sizes;
  while (!text.empty() && text[0] != ')') {
    std::size_t n = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (failed != std::errc() || sizes.size() > 3) bad("has a damaged shape");
    sizes.push_back(n);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    while (!text.empty() && (text[0] == ',' || text[0] == ' ')) text.remove_prefix(1);
  }
  if (sizes.size() != 2 && sizes.size() != 3)
    bad("does not have the shape [layer][expert], [window][layer][expert] or [token][layer][top "
        "k]");
  std::size_t total = 1;
  for (const auto n : sizes) {
    if (n == 0 || n > kMaxLoadValues / total) bad("has an empty or too large shape");
    total *= n;
  }
  return sizes;
}

/// The header text and where the values begin.
std::pair<std::string_view, std::size_t> header_of(std::string_view bytes,
                                                   const std::string& source) {
  if (!bytes.starts_with("\x93NUMPY") || bytes.size() < 12)
    throw Error(source, "", "is cut off in the NPY header");
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  const bool wide = bytes[6] > 1;
  std::size_t length = byte(8) + (byte(9) << 8);
  if (wide) length += (byte(10) << 16) + (byte(11) << 24);
  const std::size_t begin = wide ? 12 : 10;
  if (length > bytes.size() - begin) throw Error(source, "", "is cut off in the NPY header");
  return {bytes.substr(begin, length), begin + length};
}

}  // namespace

NumberArray parse_npy(std::string_view bytes, const std::string& source) {
  const auto [header, begin] = header_of(bytes, source);
  const auto descr = field(header, "'descr'");
  if (descr.size() < 4 || descr[0] != '\'')
    throw Error(source, "NPY header", "has no simple 'descr'");
  const std::string type(descr.substr(1, std::min(descr.find('\'', 1), std::size_t{8}) - 1));
  const auto* element = element_of(type);
  if (element == nullptr)
    throw Error(source, "NPY header", "has type " + type,
                "Expected little-endian integers or floats");
  if (!field(header, "'fortran_order'").starts_with("False"))
    throw Error(source, "NPY header", "is in Fortran order; save it in C order");
  NumberArray array{source, "NPY", shape_of(header, source), element->type, {}};
  std::size_t count = 1;
  for (const auto n : array.shape) count *= n;
  if (bytes.size() - begin < count * element->width)
    throw Error(source, "", "is cut off: fewer values than its shape says");
  array.rows = [values = bytes.substr(begin), element, count,
                width = array.shape.back()](const auto& use) {
    std::vector<double> row(width);
    for (std::size_t r = 0; r < count / width; ++r) {
      for (std::size_t i = 0; i < width; ++i)
        row[i] = element->load(values.data() + (r * width + i) * element->width);
      if (!use(r, row)) return;
    }
  };
  return array;
}

LoadSet load_formats::read_npy(std::string_view bytes, const std::string& source,
                               const LoadReading& reading) {
  return read_array(parse_npy(bytes, source), reading);
}

}  // namespace moescope
