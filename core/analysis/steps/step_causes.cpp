#include "core/analysis/steps/step_causes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/analysis/spans/gpu_work.h"
#include "core/analysis/spans/intervals.h"
#include "core/figure_text.h"

namespace moescope {
namespace {

/// Median absolute deviation to standard deviation, for a normal distribution.
constexpr double kScaledDeviation = 1.4826;

/// Where a kernel counts when it runs beside others: the earlier one has the moment.
enum class Work : std::uint8_t { Attention, Experts, Dispatch, Combine, Other, Wait, Copy };
constexpr std::size_t kWorkCount = static_cast<std::size_t>(Work::Copy) + 1;

Work work_of(ClassifiedName kernel) {
  if (kernel.waits) return Work::Wait;
  switch (kernel.span_class) {
    case SpanClass::Expert:
      return Work::Experts;
    case SpanClass::Dispatch:
      return Work::Dispatch;
    case SpanClass::Combine:
      return Work::Combine;
    case SpanClass::Communication:
      return Work::Other;
    case SpanClass::Memory:
      return Work::Copy;
    default:
      return Work::Attention;
  }
}

StepCause cause_of(Work work) {
  switch (work) {
    case Work::Attention:
      return StepCause::Attention;
    case Work::Experts:
      return StepCause::Experts;
    case Work::Dispatch:
      return StepCause::Dispatch;
    case Work::Combine:
      return StepCause::Combine;
    case Work::Wait:
      return StepCause::Waiting;
    case Work::Other:
    case Work::Copy:
      break;
  }
  return StepCause::Untold;
}

/// Time of each kind of work of one device in its part of the step, ns, and of none.
struct DeviceTimes {
  std::array<double, kWorkCount> ns{};
  double idle = 0;
};

DeviceTimes device_times(const Trace& trace, const Classification& classes,
                         const StepOnDevice& device, const Progress& progress) {
  std::array<std::vector<TimeRange>, kWorkCount> spans;
  for_each_gpu_span(trace, tracks_of(trace, device.key), device.range, progress,
                    [&](const SpanColumns& columns, std::size_t row, TimeRange span) {
                      const auto kernel = classes.of(columns.kind[row], columns.name[row]);
                      spans[static_cast<std::size_t>(work_of(kernel))].push_back(span);
                    });
  DeviceTimes times;
  IntervalSet before;
  for (std::size_t work = 0; work < kWorkCount; ++work) {
    const auto own = IntervalSet::union_of(std::move(spans[work]));
    times.ns[work] = static_cast<double>(own.subtract(before).length());
    before = before.unite(own);
  }
  times.idle = static_cast<double>(device.range.length() - before.length());
  return times;
}

/// Indices of the steps of `phase` by length; of all steps when none has a phase.
std::vector<std::size_t> steps_of(const TraceSteps& steps, const std::string& phase) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < steps.steps.size(); ++i) {
    const auto& step = steps.steps[i];
    if (!step.devices.empty() && (step.phase.empty() || step.phase == phase)) found.push_back(i);
  }
  std::sort(found.begin(), found.end(), [&](std::size_t a, std::size_t b) {
    return steps.steps[a].range.length() < steps.steps[b].range.length();
  });
  return found;
}

double spread_of(const TraceSteps& steps, const std::vector<std::size_t>& found, double median) {
  std::vector<double> off;
  off.reserve(found.size());
  for (const auto i : found)
    off.push_back(std::abs(static_cast<double>(steps.steps[i].range.length()) - median));
  std::sort(off.begin(), off.end());
  return kScaledDeviation * off[(off.size() - 1) / 2];
}

std::vector<std::string> untold_notes(const DeviceTimes& mean, bool waits) {
  std::vector<std::string> notes;
  std::string parts;
  const auto part = [&](const char* what, double ns) {
    if (!(ns > 0)) return;
    parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", what, duration_text(ns));
  };
  part("nothing on the GPU", mean.idle);
  part("communication other than dispatch and combine",
       mean.ns[static_cast<std::size_t>(Work::Other)]);
  part("copies", mean.ns[static_cast<std::size_t>(Work::Copy)]);
  if (!parts.empty()) notes.push_back("not told apart: " + parts);
  notes.push_back("launch floors lie inside the kernels and the gaps between them");
  notes.push_back(waits ? "waiting is that of kernels that only wait; a dispatch or combine kernel "
                          "may wait too, which counts as transfer"
                        : "no kernel of the trace only waits: waiting for the slowest lies inside "
                          "dispatch and combine");
  return notes;
}

}  // namespace

const CauseWords& words_of(StepCause cause) {
  static constexpr std::array<CauseWords, kStepCauseCount> words = {
      {{"attention", "attention", "Attention with gate, shared expert and dense layers"},
       {"experts", "experts",
        "Routed experts, mean over the GPUs, where no attention runs beside them"},
       {"waiting", "waiting for the slowest",
        "A GPU is ready and another one is not: the slowest GPU less the mean"},
       {"exposed_dispatch", "exposed dispatch",
        "Tokens on their way to experts, while the GPU computes nothing"},
       {"exposed_combine", "exposed combine",
        "Results on their way back, while the GPU computes nothing"},
       {"launch_floors", "launch floors",
        "What the kernels of attention and experts take however few tokens there are"},
       {"not_told", "not told apart",
        "Idle time, copies and other communication, which a trace does not give to one cause"}}};
  return words.at(static_cast<std::size_t>(cause));
}

double StepCauses::step_ns() const {
  return std::accumulate(ns.begin(), ns.end(), 0.0);
}

std::optional<MeasuredStep> measure_step(const Trace& trace, const Classification& classes,
                                         const TraceSteps& steps, const std::string& phase,
                                         Progress& progress) {
  const auto found = steps_of(steps, phase);
  if (found.empty()) return std::nullopt;
  const auto& step = steps.steps[found[(found.size() - 1) / 2]];
  MeasuredStep out{.number = step.number, .phase = step.phase, .steps = found.size()};
  out.devices = step.devices.size();
  DeviceTimes mean;
  bool waits = false;
  const auto share = 1 / static_cast<double>(step.devices.size());
  for (std::size_t d = 0; d < step.devices.size(); ++d) {
    progress.report(static_cast<double>(d) * share, "dividing the step by cause");
    const auto times = device_times(trace, classes, step.devices[d], progress);
    for (std::size_t work = 0; work < kWorkCount; ++work) {
      out.causes[cause_of(static_cast<Work>(work))] += times.ns[work] * share;
      mean.ns[work] += times.ns[work] * share;
    }
    mean.idle += times.idle * share;
    waits = waits || times.ns[static_cast<std::size_t>(Work::Wait)] > 0;
  }
  out.causes[StepCause::Untold] += mean.idle;
  out.spread_ns = spread_of(steps, found, static_cast<double>(step.range.length()));
  out.notes = untold_notes(mean, waits);
  return out;
}

}  // namespace moescope
