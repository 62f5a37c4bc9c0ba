#include "core/cluster/scrape/metrics_reading.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "core/error.h"

namespace moescope {
namespace {

constexpr std::size_t kMostLabels = 64;

bool of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':';
}

std::string_view take_name(std::string_view& line) {
  std::size_t end = 0;
  while (end < line.size() && of_name(line[end])) ++end;
  const std::string_view name = line.substr(0, end);
  line.remove_prefix(end);
  return name;
}

bool take(std::string_view& line, char c) {
  if (line.empty() || line.front() != c) return false;
  line.remove_prefix(1);
  return true;
}

/// A text in quotes, with \\, \" and \n in it.
std::optional<std::string> take_quoted(std::string_view& line) {
  if (!take(line, '"')) return std::nullopt;
  std::string text;
  while (!line.empty()) {
    const char c = line.front();
    line.remove_prefix(1);
    if (c == '"') return text;
    if (c != '\\') {
      text += c;
      continue;
    }
    if (line.empty()) return std::nullopt;
    text += line.front() == 'n' ? '\n' : line.front();
    line.remove_prefix(1);
  }
  return std::nullopt;
}

bool take_labels(std::string_view& line, std::map<std::string, std::string>& labels) {
  if (!take(line, '{')) return true;
  while (!take(line, '}')) {
    const std::string name(take_name(line));
    if (name.empty() || labels.size() >= kMostLabels || !take(line, '=')) return false;
    auto value = take_quoted(line);
    if (!value) return false;
    labels[name] = std::move(*value);
    if (!take(line, ',') && (line.empty() || line.front() != '}')) return false;
  }
  return true;
}

std::optional<MetricSample> sample_of(std::string_view line) {
  MetricSample sample;
  sample.name = take_name(line);
  if (sample.name.empty() || !take_labels(line, sample.labels)) return std::nullopt;
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos || begin == 0) return std::nullopt;
  line.remove_prefix(begin);
  if (line.front() == '+') line.remove_prefix(1);
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), sample.value);
  const bool whole =
      end == line.data() + line.size() || *end == ' ' || *end == '\t' || *end == '\r';
  return error == std::errc() && whole ? std::optional(std::move(sample)) : std::nullopt;
}

}  // namespace

MetricsReading read_metrics(std::string_view text, const std::string& source) {
  MetricsReading reading;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#' || line == "\r") continue;
    if (auto sample = sample_of(line))
      reading.samples.push_back(std::move(*sample));
    else
      ++reading.skipped;
    if (reading.samples.size() + reading.skipped > kMaxMetricSamples)
      throw Error(source, "", fmt::format("has more than {} figures", kMaxMetricSamples));
  }
  if (reading.samples.empty())
    throw Error(source, "", "has no figures in the text format of Prometheus",
                "Start the engine with --enable-metrics (SGLang), or name its API server");
  return reading;
}

}  // namespace moescope
