#include "core/analysis/steps/steps.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/analysis/steps/step_places.h"
#include "core/percentile.h"

namespace moescope {
namespace {

TimeNs percentile(const std::vector<TimeNs>& sorted, int percent) {
  return sorted[nearest_rank(sorted.size(), percent)];
}

std::map<std::string, std::vector<TimeNs>> lengths_by_phase(const std::vector<TraceStep>& steps) {
  std::map<std::string, std::vector<TimeNs>> lengths;
  for (const TraceStep& step : steps) lengths[step.phase].push_back(step.range.length());
  for (auto& [phase, sorted] : lengths) std::sort(sorted.begin(), sorted.end());
  return lengths;
}

/// What a step of this phase may take without being an outlier.
TimeNs most_usual(const std::vector<TimeNs>& sorted) {
  const TimeNs median = percentile(sorted, 50);
  std::vector<TimeNs> deviations;
  for (const TimeNs length : sorted) deviations.push_back(std::abs(length - median));
  std::sort(deviations.begin(), deviations.end());
  // 1.4826 makes the median absolute deviation of normal data its standard deviation.
  const double spread = 3 * 1.4826 * static_cast<double>(percentile(deviations, 50));
  return median + static_cast<TimeNs>(std::max(spread, 0.05 * static_cast<double>(median)));
}

using ActivityByKey = std::map<DeviceKey, const DeviceActivity*>;

TraceStep measured(const PlacedStep& placed, const ActivityByKey& activity) {
  TraceStep step{placed.number, placed.phase, {}, {}};
  for (const auto& [key, range] : placed.ranges) {
    const auto device = activity.find(key);
    if (device == activity.end()) continue;
    const bool first = step.devices.empty();
    step.range.begin = first ? range.begin : std::min(step.range.begin, range.begin);
    step.range.end = first ? range.end : std::max(step.range.end, range.end);
    step.devices.push_back({key, range, lengths_in(*device->second, range)});
  }
  return step;
}

}  // namespace

const char* to_string(StepSource source) {
  switch (source) {
    case StepSource::Engine:
      return "engine";
    case StepSource::Annotation:
      return "annotation";
    case StepSource::Repetition:
      return "repetition";
  }
  return "";
}

TimeNs TraceStep::exposed() const {
  TimeNs sum = 0;
  for (const StepOnDevice& device : devices) sum += device.figures.exposed;
  return sum;
}

std::optional<double> TraceStep::compute_imbalance() const {
  TimeNs most = 0, sum = 0;
  for (const StepOnDevice& device : devices) {
    most = std::max(most, device.figures.compute);
    sum += device.figures.compute;
  }
  if (devices.size() < 2 || sum == 0) return std::nullopt;
  return static_cast<double>(most) * static_cast<double>(devices.size()) / static_cast<double>(sum);
}

std::vector<std::size_t> TraceSteps::outliers() const {
  std::map<std::string, TimeNs> limits;
  for (const auto& [phase, sorted] : lengths_by_phase(steps)) limits[phase] = most_usual(sorted);
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (steps[i].range.length() > limits[steps[i].phase]) found.push_back(i);
  return found;
}

TraceSteps find_steps(const Trace& trace, const std::vector<DeviceActivity>& activity,
                      const std::vector<ScopeOverlap>& scopes, Progress& progress) {
  std::vector<DeviceKey> devices;
  ActivityByKey by_key;
  for (const DeviceActivity& device : activity) {
    devices.push_back(device.key);
    by_key[device.key] = &device;
  }
  TraceSteps result;
  PlacedSteps placed = steps_of_engine(trace, devices);
  result.source = StepSource::Engine;
  if (placed.steps.empty()) {
    placed = steps_of_annotations(activity, scopes);
    result.source = StepSource::Annotation;
  }
  if (placed.steps.empty()) {
    placed = steps_of_repetition(trace, devices, progress);
    result.source = StepSource::Repetition;
  }
  if (placed.steps.empty()) return {};
  result.how = placed.how;
  for (const PlacedStep& step : placed.steps) {
    progress.check();
    TraceStep found = measured(step, by_key);
    if (!found.devices.empty()) result.steps.push_back(std::move(found));
  }
  std::stable_sort(result.steps.begin(), result.steps.end(),
                   [](const auto& a, const auto& b) { return a.range.begin < b.range.begin; });
  if (result.steps.empty()) return {};
  return result;
}

std::vector<StepTimes> step_times(const TraceSteps& steps) {
  std::vector<StepTimes> times;
  for (const auto& [phase, sorted] : lengths_by_phase(steps.steps))
    times.push_back({phase, sorted.size(), percentile(sorted, 50), percentile(sorted, 95)});
  return times;
}

}  // namespace moescope
