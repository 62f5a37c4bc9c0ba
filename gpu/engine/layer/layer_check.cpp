#include "gpu/engine/layer/layer_check.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace moescope::runtime {
namespace {

template <typename T>
std::int64_t differences(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return static_cast<std::int64_t>(std::max(a.size(), b.size()));
  std::int64_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] == b[i] ? 0 : 1;
  return count;
}

/// Largest difference of `n` numbers, relative to the largest of `a`.
double relative(const float* a, const float* b, std::size_t n) {
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(b[i])) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, std::abs(static_cast<double>(a[i])));
    difference = std::max(difference, std::abs(static_cast<double>(a[i]) - b[i]));
  }
  return largest > 0 ? difference / largest : difference;
}

}  // namespace

std::vector<LayerInput> random_inputs(int hidden, int ranks, int most, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<LayerInput> inputs(1);
  for (int rank = 1; rank < ranks; ++rank) {
    LayerInput& input = inputs.emplace_back();
    const auto rows = random() % static_cast<std::uint64_t>(most) + 1;
    for (std::uint64_t row = 0; row < rows; ++row) input.keys.push_back(random());
    for (std::size_t i = 0; i < rows * static_cast<std::size_t>(hidden); ++i)
      input.x.push_back(normal(random));
  }
  return inputs;
}

void LayerCheck::add(const std::vector<LayerOutput>& expected,
                     const std::vector<LayerOutput>& found) {
  for (std::size_t rank = 0; rank < expected.size(); ++rank) {
    const LayerOutput &a = expected[rank], &b = found.at(rank);
    const auto k = static_cast<std::size_t>(a.routing.top_k);
    const std::size_t count = a.routing.experts.size() / k;
    const std::size_t width = count == 0 ? 0 : a.sum.size() / count;
    rows += static_cast<std::int64_t>(count);
    other_loads += differences(a.logical, b.logical) + differences(a.physical, b.physical);
    if (a.routing.experts.size() != b.routing.experts.size() || a.sum.size() != b.sum.size()) {
      other_choices += static_cast<std::int64_t>(count);
      continue;
    }
    for (std::size_t row = 0; row < count; ++row) {
      if (!std::equal(a.routing.experts.begin() + static_cast<std::ptrdiff_t>(row * k),
                      a.routing.experts.begin() + static_cast<std::ptrdiff_t>((row + 1) * k),
                      b.routing.experts.begin() + static_cast<std::ptrdiff_t>(row * k)))
        ++other_choices;
      largest = std::max(largest,
                         relative(a.sum.data() + row * width, b.sum.data() + row * width, width));
    }
  }
}

}  // namespace moescope::runtime
