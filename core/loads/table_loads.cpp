// Loads as bare tables: CSV and NPY.
#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "core/error.h"
#include "core/loads/formats.h"

namespace moescope::load_formats {
namespace {

double csv_number(std::string_view field, const std::string& source, std::size_t line) {
  const auto first = field.find_first_not_of(" \t\r");
  const auto last = field.find_last_not_of(" \t\r");
  if (first != std::string_view::npos) field = field.substr(first, last - first + 1);
  double value = 0;
  const auto [end, failed] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (failed != std::errc() || end != field.data() + field.size())
    throw Error(source, fmt::format("line {}", line),
                fmt::format("\"{}\" is no number", field.substr(0, 40)),
                "Expected one row of counts per layer, separated by commas");
  return value;
}

/// NPY headers are Python dict texts: finds what follows 'key':.
std::string_view npy_field(std::string_view header, std::string_view key) {
  const auto at = header.find(key);
  if (at == std::string_view::npos) return {};
  const auto from = header.find_first_not_of(" :", at + key.size());
  return from == std::string_view::npos ? std::string_view() : header.substr(from);
}

struct NpyShape {
  std::string type;
  std::vector<std::size_t> sizes;
};

NpyShape npy_shape(std::string_view header, const std::string& source) {
  const auto bad = [&](const char* problem) { throw Error(source, "NPY header", problem); };
  NpyShape shape;
  const auto type = npy_field(header, "'descr'");
  if (type.size() < 4 || type[0] != '\'') bad("has no simple 'descr'");
  shape.type = std::string(type.substr(1, std::min(type.find('\'', 1), std::size_t{8}) - 1));
  if (!npy_field(header, "'fortran_order'").starts_with("False"))
    bad("is in Fortran order; save it in C order");
  auto text = npy_field(header, "'shape'");
  if (text.empty() || text[0] != '(') bad("has no shape");
  text.remove_prefix(1);
  while (!text.empty() && text[0] != ')') {
    std::size_t n = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (failed != std::errc()) bad("has a damaged shape");
    shape.sizes.push_back(n);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    while (!text.empty() && (text[0] == ',' || text[0] == ' ')) text.remove_prefix(1);
  }
  if (shape.sizes.size() != 2 && shape.sizes.size() != 3)
    bad("has not the shape [layer][expert] or [window][layer][expert]");
  std::size_t total = 1;
  for (const auto n : shape.sizes) {
    if (n == 0 || n > kMaxLoadValues / total) bad("has an empty or too large shape");
    total *= n;
  }
  return shape;
}

template <typename T>
double load_as(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<double>(value);
}

}  // namespace

LoadSet read_csv(std::string_view text, const std::string& source) {
  LoadSet loads;
  loads.source = source;
  loads.format = "CSV";
  std::size_t number = 0, values = 0;
  bool open = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
      open = false;
      continue;
    }
    if (!open) loads.windows.emplace_back();
    open = true;
    auto& row = loads.windows.back().emplace_back();
    for (;;) {
      const auto comma = line.find(',');
      row.push_back(csv_number(line.substr(0, comma), source, number));
      if (++values > kMaxLoadValues)
        throw Error(source, fmt::format("line {}", number), "has more values than can be kept");
      if (comma == std::string_view::npos) break;
      line.remove_prefix(comma + 1);
    }
  }
  if (!loads.windows.empty()) loads.experts = static_cast<int>(loads.windows[0][0].size());
  finish_loads(loads);
  return loads;
}

LoadSet read_npy(std::string_view bytes, const std::string& source) {
  if (bytes.size() < 12) throw Error(source, "", "is cut off in the NPY header");
  const bool wide = bytes[6] > 1;
  std::size_t length = static_cast<unsigned char>(bytes[8]) +
                       (std::size_t{static_cast<unsigned char>(bytes[9])} << 8);
  if (wide)
    length += (std::size_t{static_cast<unsigned char>(bytes[10])} << 16) +
              (std::size_t{static_cast<unsigned char>(bytes[11])} << 24);
  const std::size_t begin = wide ? 12 : 10;
  if (length > bytes.size() - begin) throw Error(source, "", "is cut off in the NPY header");
  const auto shape = npy_shape(bytes.substr(begin, length), source);
  const auto read = shape.type == "<i4"   ? load_as<std::int32_t>
                    : shape.type == "<i8" ? load_as<std::int64_t>
                    : shape.type == "<u4" ? load_as<std::uint32_t>
                    : shape.type == "<u8" ? load_as<std::uint64_t>
                    : shape.type == "<f4" ? load_as<float>
                    : shape.type == "<f8" ? load_as<double>
                                          : nullptr;
  if (read == nullptr)
    throw Error(source, "NPY header", "has type " + shape.type,
                "Expected little-endian int32, int64, float32 or float64");
  const std::size_t width = shape.type.back() == '8' ? 8 : 4;
  const auto layers = shape.sizes[shape.sizes.size() - 2], experts = shape.sizes.back();
  const auto windows = shape.sizes.size() == 3 ? shape.sizes[0] : 1;
  if (bytes.size() - begin - length < windows * layers * experts * width)
    throw Error(source, "", "is cut off: fewer values than its shape says");
  LoadSet loads;
  loads.source = source;
  loads.format = "NPY";
  if (experts > kMaxPlanExperts || layers > kMaxPlanLayers)
    throw Error(source, "NPY header", "has more layers or experts than any model");
  loads.experts = static_cast<int>(experts);
  const char* at = bytes.data() + begin + length;
  loads.windows.assign(windows, LayerLoads(layers, std::vector<double>(experts)));
  for (auto& window : loads.windows)
    for (auto& row : window)
      for (auto& v : row) v = read(at), at += width;
  finish_loads(loads);
  return loads;
}

}  // namespace moescope::load_formats
