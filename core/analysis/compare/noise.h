// How much figures vary from step to step, and whether a difference is more than that.
#pragma once

#include <optional>
#include <vector>

namespace moescope {

/// Values of one figure in the steps of a trace.
class Samples {
 public:
  Samples() = default;
  explicit Samples(const std::vector<double>& values);
  void add(double value);
  std::size_t count() const { return count_; }
  double mean() const { return mean_; }
  double variance() const;  ///< of the values, with n - 1; 0 for fewer than two

 private:
  std::size_t count_ = 0;
  double mean_ = 0, squares_ = 0;  ///< Welford's running mean and sum of squared deviations
};

/// Fewest steps of each trace from which noise is judged.
inline constexpr std::size_t kFewestSamples = 4;

/// Twice the standard error of mean(b) - mean(a), by Welch: a difference of means within it is
/// expected in one of twenty pairs of equal runs. It knows what varies from step to step only, not
/// what differs from run to run, as clocks do. Nullopt with fewer than kFewestSamples in either.
std::optional<double> noise_of_means(const Samples& a, const Samples& b);
/// The same of one further value of each: twice the standard deviation of their difference.
std::optional<double> noise_of_values(const Samples& a, const Samples& b);

}  // namespace moescope
