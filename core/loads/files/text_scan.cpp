#include "core/loads/files/text_scan.h"

#include <charconv>
#include <cmath>

namespace moescope {

bool next_line(std::string_view& text, std::string_view& line) {
  if (text.empty()) return false;
  const auto end = text.find('\n');
  line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return true;
}

std::optional<double> number_after(std::string_view line, std::string_view name) {
  const auto at = line.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  const auto rest = line.substr(at + name.size());
  double value = 0;
  const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (failed != std::errc() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::string_view> between(std::string_view line, std::string_view begin,
                                        std::string_view end) {
  const auto from = line.find(begin);
  if (from == std::string_view::npos) return std::nullopt;
  const auto rest = line.substr(from + begin.size());
  const auto to = rest.find(end);
  if (to == std::string_view::npos) return std::nullopt;
  return rest.substr(0, to);
}

}  // namespace moescope
