#include "app/window/live/alarm_feed.h"

#include <algorithm>

#include "core/loads/balance.h"

namespace moescope {
namespace {

constexpr int kEveryMs = 1000;
constexpr int kWindows = 4;  // newest load windows: single ones of a small model vary much

/// A percentile of a node that has none yet is 0.
std::optional<double> known(double seconds) {
  return seconds > 0 ? std::optional(seconds) : std::nullopt;
}

}  // namespace

std::optional<AlarmReading> AlarmFeed::reading(const NodeStatus* status,
                                               const LiveSnapshot& snapshot) {
  if (status == nullptr || (since_.isValid() && since_.elapsed() < kEveryMs)) return std::nullopt;
  since_.restart();
  AlarmReading reading;
  reading.time = status->seconds;
  reading.ttft_p95 = known(status->ttft_p95);
  reading.tpot_p95 = known(status->tpot_p95);
  reading.dropped = status->dropped;
  reading.hung_ranks = status->hung.size();
  for (const auto& loads : snapshot.loads)
    if (const auto imbalance = newest_imbalance(*loads, kWindows))
      reading.imbalance = std::max(reading.imbalance.value_or(1), *imbalance);
  return reading;
}

}  // namespace moescope
