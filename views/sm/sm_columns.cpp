#include "views/sm/sm_columns.h"

#include <algorithm>
#include <numeric>

namespace moescope {
namespace {

TimeNs step_end(const SmAllocation& allocation, std::size_t step) {
  return step + 1 < allocation.steps.size() ? allocation.steps[step + 1].begin
                                            : allocation.range.end;
}

std::size_t step_index(const SmAllocation& allocation, TimeNs time) {
  const auto after = std::upper_bound(allocation.steps.begin(), allocation.steps.end(), time,
                                      [](TimeNs t, const SmStep& step) { return t < step.begin; });
  return static_cast<std::size_t>(after - allocation.steps.begin()) - 1;
}

}  // namespace

double SmColumn::held() const {
  return std::accumulate(mean.begin(), mean.end(), 0.0);
}

SmIntegral::SmIntegral(const SmAllocation& allocation) : allocation_(&allocation) {
  Sums sum{};
  for (std::size_t i = 0; i < allocation.steps.size(); ++i) {
    if (i % kBlock == 0) blocks_.push_back(sum);
    const auto length = static_cast<double>(step_end(allocation, i) - allocation.steps[i].begin);
    for (std::size_t c = 0; c < sum.size(); ++c) {
      sum[c] += length * allocation.steps[i].by_class[c];
    }
  }
}

SmIntegral::Sums SmIntegral::until(double time) const {
  const auto& steps = allocation_->steps;
  if (steps.empty() || time <= static_cast<double>(steps.front().begin)) return {};
  const double stop = std::min(time, static_cast<double>(allocation_->range.end));
  const std::size_t last = step_index(*allocation_, static_cast<TimeNs>(stop));
  Sums sum = blocks_[last / kBlock];
  for (std::size_t i = last / kBlock * kBlock; i <= last; ++i) {
    const double end = std::min(stop, static_cast<double>(step_end(*allocation_, i)));
    const double length = std::max(0.0, end - static_cast<double>(steps[i].begin));
    for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += length * steps[i].by_class[c];
  }
  return sum;
}

std::vector<SmColumn> SmIntegral::columns(TimeRange range, int count) const {
  return columns(static_cast<double>(range.begin),
                 static_cast<double>(range.length()) / std::max(count, 1), count);
}

std::vector<SmColumn> SmIntegral::columns(double begin, double width, int count) const {
  std::vector<SmColumn> result(static_cast<std::size_t>(std::max(count, 0)));
  if (width <= 0 || result.empty()) return result;
  Sums before = until(begin);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const Sums after = until(begin + static_cast<double>(i + 1) * width);
    for (std::size_t c = 0; c < before.size(); ++c) {
      result[i].mean[c] = (after[c] - before[c]) / width;
    }
    before = after;
  }
  return result;
}

std::optional<SmStep> sm_step_at(const SmAllocation& allocation, TimeNs time) {
  if (allocation.steps.empty() || time < allocation.steps.front().begin ||
      time >= allocation.range.end) {
    return {};
  }
  return allocation.steps[step_index(allocation, time)];
}

}  // namespace moescope
