#include "core/analysis/steps/step_standing.h"

#include <algorithm>

#include "core/percentile.h"

namespace moescope {

StepStanding step_standing(const TraceSteps& steps, std::size_t index) {
  const TraceStep& own = steps.steps[index];
  const TimeNs length = own.range.length();
  StepStanding standing;
  for (const StepTimes& times : step_times(steps))
    if (times.phase == own.phase) {
      standing.median = times.p50;
      standing.of = times.count;
    }
  const auto median = static_cast<double>(std::max<TimeNs>(standing.median, 1));
  standing.over_percent = 100 * (static_cast<double>(length) - median) / median;
  standing.rank = 1 + static_cast<std::size_t>(std::count_if(
                          steps.steps.begin(), steps.steps.end(), [&](const TraceStep& step) {
                            return step.phase == own.phase && step.range.length() > length;
                          }));
  const auto outliers = steps.outliers();
  standing.outlier = std::find(outliers.begin(), outliers.end(), index) != outliers.end();
  return standing;
}

std::vector<DeviceActivity> activity_of_step(const std::vector<DeviceActivity>& activity,
                                             const TraceStep& step) {
  std::vector<DeviceActivity> cut;
  for (const DeviceActivity& device : activity)
    for (const StepOnDevice& part : step.devices)
      if (part.key == device.key) cut.push_back(cut_activity(device, part.range));
  return cut;
}

std::optional<std::size_t> step_of_number(const TraceSteps& steps, std::uint64_t number) {
  for (std::size_t i = 0; i < steps.steps.size(); ++i)
    if (steps.steps[i].number == number) return i;
  return std::nullopt;
}

std::optional<std::size_t> median_step_beside(const TraceSteps& steps, std::size_t index) {
  std::vector<std::pair<TimeNs, std::size_t>> lengths;
  for (std::size_t i = 0; i < steps.steps.size(); ++i)
    if (i != index && steps.steps[i].phase == steps.steps[index].phase)
      lengths.emplace_back(steps.steps[i].range.length(), i);
  if (lengths.empty()) return std::nullopt;
  std::sort(lengths.begin(), lengths.end());
  return lengths[nearest_rank(lengths.size(), 50)].second;
}

std::optional<std::size_t> step_at(const TraceSteps& steps, const DeviceKey& key, TimeRange range) {
  if (range.empty()) range.end = range.begin + 1;
  TimeNs most = 0;
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < steps.steps.size(); ++i)
    for (const StepOnDevice& device : steps.steps[i].devices) {
      if (device.key != key) continue;
      const TimeNs inside =
          std::min(device.range.end, range.end) - std::max(device.range.begin, range.begin);
      if (inside <= most) continue;
      most = inside;
      found = i;
    }
  return found;
}

}  // namespace moescope
