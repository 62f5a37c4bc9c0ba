// What a piece of work costs: on the clock, and of the processors, which others on the machine do
// not change.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace moescope::bench {

struct Cost {
  double wall = 0, processor = 0;  ///< s; of all threads together
};

inline double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

template <typename Work>
Cost cost_of(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  const double processor = processor_seconds();
  work();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  return {wall.count(), processor_seconds() - processor};
}

/// The least of both that was seen.
inline Cost best_of(const std::vector<Cost>& costs) {
  Cost best = costs.front();
  for (const Cost& cost : costs)
    best = {std::min(best.wall, cost.wall), std::min(best.processor, cost.processor)};
  return best;
}

}  // namespace moescope::bench
