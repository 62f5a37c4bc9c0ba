#include "core/analysis/compare/noise.h"

#include <cmath>

namespace moescope {

Samples::Samples(const std::vector<double>& values) {
  for (const double value : values) add(value);
}

void Samples::add(double value) {
  ++count_;
  const double before = value - mean_;
  mean_ += before / static_cast<double>(count_);
  squares_ += before * (value - mean_);
}

double Samples::variance() const {
  return count_ < 2 ? 0 : squares_ / static_cast<double>(count_ - 1);
}

std::optional<double> noise_of_means(const Samples& a, const Samples& b) {
  if (a.count() < kFewestSamples || b.count() < kFewestSamples) return std::nullopt;
  return 2 * std::sqrt(a.variance() / static_cast<double>(a.count()) +
                       b.variance() / static_cast<double>(b.count()));
}

std::optional<double> noise_of_values(const Samples& a, const Samples& b) {
  if (a.count() < kFewestSamples || b.count() < kFewestSamples) return std::nullopt;
  return 2 * std::sqrt(a.variance() + b.variance());
}

}  // namespace moescope
