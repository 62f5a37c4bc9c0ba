#include "core/analysis/serving/workload_text.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

namespace moescope {
namespace {

/// Place of the value of `key` in `workload`; npos when it is not there.
std::pair<std::size_t, std::size_t> find_value(std::string_view workload, std::string_view key) {
  std::size_t at = 0;
  while (at <= workload.size()) {
    const std::size_t end = std::min(workload.find(',', at), workload.size());
    const std::string_view part = workload.substr(at, end - at);
    if (part.size() > key.size() && part.starts_with(key) && part[key.size()] == '=')
      return {at + key.size() + 1, end};
    at = end + 1;
  }
  return {std::string_view::npos, std::string_view::npos};
}

}  // namespace

std::optional<double> workload_value(std::string_view workload, std::string_view key) {
  const auto [begin, end] = find_value(workload, key);
  if (begin == std::string_view::npos) return std::nullopt;
  double value = 0;
  const char* last = workload.data() + end;
  const auto result = std::from_chars(workload.data() + begin, last, value);
  if (result.ec != std::errc() || result.ptr != last) return std::nullopt;
  return value;
}

std::string with_workload_value(std::string_view workload, std::string_view key, double value) {
  char number[32];
  const auto length = std::snprintf(number, sizeof number, "%.10g", value);
  const std::string_view text(number, static_cast<std::size_t>(length));
  const auto [begin, end] = find_value(workload, key);
  std::string result(workload);
  if (begin != std::string_view::npos) return result.replace(begin, end - begin, text);
  if (!result.empty()) result += ',';
  return result.append(key).append("=").append(text);
}

}  // namespace moescope
