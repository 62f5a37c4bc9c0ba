// Figures that a program offers in Prometheus' text format.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace moescope {

/// One line: `name{label="value",...} number`.
struct MetricSample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

inline constexpr std::size_t kMaxMetricsText = std::size_t{32} << 20;
inline constexpr std::size_t kMaxMetricSamples = 500'000;

/// The text is not trusted: a line that is none is passed over and counted in `skipped`. Throws
/// Error that names `source` when there are too many, or none at all.
struct MetricsReading {
  std::vector<MetricSample> samples;
  std::size_t skipped = 0;
};
MetricsReading read_metrics(std::string_view text, const std::string& source);

}  // namespace moescope
