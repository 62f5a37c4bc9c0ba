#include "core/loads/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moescope {
namespace {

/// The square of less is too small for a double; the measures do not depend on the scale.
constexpr double kTiny = 1e-100;

template <typename Before>
std::vector<int> ranked(const std::vector<double>& values, int count, Before before) {
  std::vector<int> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return before(values[static_cast<std::size_t>(a)], values[static_cast<std::size_t>(b)]);
  });
  order.resize(std::min(order.size(), static_cast<std::size_t>(std::max(count, 0))));
  return order;
}

}  // namespace

Unevenness unevenness(const std::vector<double>& values) {
  Unevenness u;
  if (values.empty()) return u;
  const auto n = static_cast<double>(values.size());
  u.total = std::accumulate(values.begin(), values.end(), 0.0);
  u.mean = u.total / n;
  u.max = *std::max_element(values.begin(), values.end());
  if (!(u.total > 0)) return u;
  if (u.max < kTiny) {
    auto scaled = values;
    for (double& v : scaled) v /= u.max;
    Unevenness same = unevenness(scaled);
    same.total = u.total, same.mean = u.mean, same.max = u.max;
    return same;
  }
  u.max_over_mean = u.max / u.mean;
  u.mean_over_max = u.mean / u.max;
  u.excess = (u.max - u.mean) / u.mean;
  double squares = 0;
  for (const double v : values) squares += (v - u.mean) * (v - u.mean);
  u.cv = std::sqrt(squares / n) / u.mean;
  auto sorted = values;
  std::sort(sorted.begin(), sorted.end());
  double weighted = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i)
    weighted += (2 * (static_cast<double>(i) + 1) - n - 1) * sorted[i];
  u.gini = weighted / (n * u.total);
  return u;
}

double value_of(const Unevenness& u, BalanceMetric metric) {
  switch (metric) {
    case BalanceMetric::MaxOverMean:
      return u.max_over_mean;
    case BalanceMetric::MeanOverMax:
      return u.mean_over_max;
    case BalanceMetric::Excess:
      return u.excess;
    case BalanceMetric::Gini:
      return u.gini;
    case BalanceMetric::Cv:
      return u.cv;
  }
  return 0;
}

double balanced_value(BalanceMetric metric) {
  return value_of(Unevenness(), metric);
}

std::vector<int> hottest(const std::vector<double>& values, int count) {
  return ranked(values, count, [](double a, double b) { return a > b; });
}

std::vector<int> coldest(const std::vector<double>& values, int count) {
  return ranked(values, count, [](double a, double b) { return a < b; });
}

double drift(const std::vector<double>& before, const std::vector<double>& after) {
  const double a = std::accumulate(before.begin(), before.end(), 0.0);
  const double b = std::accumulate(after.begin(), after.end(), 0.0);
  if (!(a > 0) || !(b > 0)) return 0;
  double distance = 0;
  for (std::size_t e = 0; e < std::min(before.size(), after.size()); ++e)
    distance += std::abs(before[e] / a - after[e] / b);
  return distance / 2;
}

}  // namespace moescope
