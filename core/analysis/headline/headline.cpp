#include "core/analysis/headline/headline.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/analysis/overlap/exposed.h"
#include "core/analysis/spans/kernel_label.h"

namespace moescope {
namespace {

/// Name of the place where the most time lies; "" without any.
std::string most_of(const std::map<std::string, TimeNs>& times) {
  const auto most = std::max_element(
      times.begin(), times.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == times.end() ? std::string() : most->first;
}

/// One group while it is gathered.
struct Gathered {
  ExposedGroup group;
  std::map<std::string, TimeNs> layers, micro_batches;

  void add(const Exposed& interval, const ExposedCause& cause) {
    const TimeNs time = interval.range.length();
    group.time += time;
    if (time > group.longest.length()) group.longest = interval.range;
    if (!cause.layer.empty()) layers[cause.layer] += time;
    if (!cause.micro_batch.empty()) micro_batches[cause.micro_batch] += time;
  }
};

std::vector<ExposedGroup> groups_of(const Trace& trace, const std::vector<Exposed>& intervals,
                                    const std::vector<ExposedCause>& causes) {
  std::map<std::string, Gathered> by_kernel;
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    const ExposedCause& cause = causes[i];
    const std::string kernel = cause.kernel ? kernel_label(trace.name(*cause.kernel)) : "";
    Gathered& gathered = by_kernel[kernel];
    gathered.group.kernel = kernel;
    gathered.group.span_class = cause.classified.span_class;
    gathered.group.waits = cause.classified.waits;
    gathered.add(intervals[i], cause);
  }
  std::vector<ExposedGroup> groups;
  for (auto& [kernel, gathered] : by_kernel) {
    gathered.group.layer = most_of(gathered.layers);
    gathered.group.micro_batch = most_of(gathered.micro_batches);
    groups.push_back(std::move(gathered.group));
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.time > b.time; });
  return groups;
}

std::optional<CommSms> comm_sms_of(const std::vector<SmAllocation>& sm) {
  std::map<int, TimeNs> held;
  CommSms result;
  if (!sm.empty()) result.key = sm.front().key;
  for (const SmAllocation& device : sm) {
    for (const auto& [sms, time] : device.time_at)
      if (sms.first > 0) held[sms.first] += time;
    result.sm_count =
        &device == &sm.front() || result.sm_count == device.sm_count ? device.sm_count : 0;
    // What is inferred of one device is inferred of all together.
    if (&device == &sm.front() || device.method == SmMethod::Inferred)
      result.method = device.method;
  }
  double weighted = 0, total = 0;
  TimeNs longest = 0;
  for (const auto& [sms, time] : held) {
    weighted += static_cast<double>(sms) * static_cast<double>(time);
    total += static_cast<double>(time);
    if (time <= longest) continue;
    longest = time;
    result.most = sms;
  }
  if (longest == 0) return std::nullopt;
  result.mean = weighted / total;
  return result;
}

}  // namespace

std::string cause_text(const ExposedGroup& group) {
  if (group.kernel.empty()) return "no communication kernel was recorded there";
  const std::string of_class = to_string(group.span_class);
  const bool says_class = group.kernel.find(of_class) != std::string::npos;
  std::string text = group.waits  ? "waiting in " + group.kernel
                     : says_class ? group.kernel
                                  : fmt::format("{} ({})", of_class, group.kernel);
  if (!group.layer.empty()) text += ", layer " + group.layer;
  if (!group.micro_batch.empty()) text += ", micro-batch " + group.micro_batch;
  return text;
}

std::string fused_text(const OverlapFigures& figures) {
  const auto percent = figures.fused_percent();
  if (!percent) return {};
  return fmt::format("not observable in {} {}, {:.1f} % of communication time",
                     figures.fused_events, figures.fused_events == 1 ? "kernel" : "kernels",
                     *percent);
}

std::optional<WorstDevice> worst_device(const Trace& trace, const Classification& classes,
                                        const std::vector<DeviceActivity>& activity,
                                        const std::vector<ScopeOverlap>& scopes,
                                        Progress& progress) {
  WorstDevice worst;
  for (const DeviceActivity& device : activity) {
    const TimeNs exposed = device.comm.subtract(device.compute).length();
    if (exposed <= worst.exposed) continue;
    worst.key = device.key;
    worst.exposed = exposed;
  }
  if (worst.exposed == 0) return std::nullopt;
  const auto intervals =
      exposed_intervals(activity, [&](const DeviceKey& key) { return key == worst.key; });
  const auto causes = exposed_causes(trace, classes, scopes, intervals, progress);
  worst.causes = groups_of(trace, intervals, causes);
  return worst;
}

Headline headline_of(const Trace& trace, const Classification& classes, const HeadlineInput& input,
                     Progress& progress) {
  Headline headline;
  headline.devices = input.overlap.size();
  headline.total = sum_of(input.overlap);
  headline.worst = worst_device(trace, classes, input.activity, input.scopes, progress);
  headline.comm_sms = comm_sms_of(input.sm);
  return headline;
}

}  // namespace moescope
