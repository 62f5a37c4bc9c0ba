// The "r1" loads of the placement goals: lognormal, calibrated on published DeepSeek-R1 figures.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace moescope::test {

/// splitmix64 and Box-Muller, the same stream as the reference generator (loadgen.py).
class LoadRandom {
 public:
  explicit LoadRandom(std::uint64_t seed) : state_(seed) {
    state_ = next() ^ 0x1234567;
    state_ = next();
  }
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>(next() >> 11) / 9007199254740992.0; }
  double gauss() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double u = 1.0 - uniform(), v = uniform();
    const double r = std::sqrt(-2.0 * std::log(u)), angle = 2 * 3.14159265358979323846 * v;
    spare_ = r * std::sin(angle);
    has_spare_ = true;
    return r * std::cos(angle);
  }

 private:
  std::uint64_t state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

/// Non-negative integers that sum to `total`, by largest remainder.
inline std::vector<double> integer_shares(const std::vector<double>& w, int total) {
  const double sum = std::accumulate(w.begin(), w.end(), 0.0);
  std::vector<double> x(w.size()), n(w.size());
  for (std::size_t i = 0; i < w.size(); ++i) {
    x[i] = w[i] * total / sum;
    n[i] = std::floor(x[i]);
  }
  std::vector<std::size_t> order(w.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return n[a] - x[a] < n[b] - x[b]; });
  const auto rest = static_cast<std::size_t>(total - std::accumulate(n.begin(), n.end(), 0.0));
  for (std::size_t i = 0; i < rest; ++i) n[order[i]] += 1;
  return n;
}

/// [layer][expert] as `loadgen.py r1 --seed SEED --drift DRIFT` makes them.
inline std::vector<std::vector<double>> r1_loads(int seed = 1, double drift = 0, int layers = 58,
                                                 int experts = 256, int total = 131072 * 8) {
  std::vector<std::vector<double>> out;
  for (int l = 0; l < layers; ++l) {
    const auto stream = static_cast<std::uint64_t>(seed) * 1000003 + static_cast<std::uint64_t>(l);
    LoadRandom random(stream);
    const double t = static_cast<double>(l) / std::max(1, layers - 1);
    const double sigma = 0.5 + std::min(1.0, t / 0.6) * (0.75 + 0.25 * random.uniform());
    std::vector<double> w(static_cast<std::size_t>(experts));
    for (auto& v : w) v = std::exp(sigma * std::clamp(random.gauss(), -3.0, 3.0));
    if (drift > 0) {
      LoadRandom later(stream + 777777777);
      for (auto& v : w) v *= std::exp(drift * later.gauss());
    }
    out.push_back(integer_shares(w, total));
  }
  return out;
}

}  // namespace moescope::test
