#include "core/analysis/compare/side.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "core/analysis/spans/gpu_work.h"
#include "core/analysis/spans/kernel_label.h"

namespace moescope {
namespace {

/// Most values that are kept per step: names x steps, 64 MiB.
constexpr std::size_t kMostPerStep = std::size_t{1} << 23;

/// The steps of one device by begin, with their indices in TraceSteps.
class StepsOfDevice {
 public:
  StepsOfDevice(const TraceSteps& steps, const DeviceKey& key) {
    for (std::size_t i = 0; i < steps.steps.size(); ++i)
      for (const StepOnDevice& device : steps.steps[i].devices)
        if (device.key == key) ranges_.emplace_back(device.range, i);
    std::sort(ranges_.begin(), ranges_.end(),
              [](const auto& a, const auto& b) { return a.first.begin < b.first.begin; });
  }
  std::optional<std::size_t> at(TimeNs time) const {
    const auto after =
        std::upper_bound(ranges_.begin(), ranges_.end(), time,
                         [](TimeNs t, const auto& entry) { return t < entry.first.begin; });
    if (after == ranges_.begin() || std::prev(after)->first.end <= time) return std::nullopt;
    return std::prev(after)->second;
  }

 private:
  std::vector<std::pair<TimeRange, std::size_t>> ranges_;
};

/// Adds up the spans of all devices.
class Sums {
 public:
  Sums(const Trace& trace, const Classification& classes, const TraceSteps& steps)
      : trace_(trace), classes_(classes), steps_(steps) {}

  void add_device(const DeviceKey& key, const Progress& progress) {
    const StepsOfDevice steps(steps_, key);
    for_each_gpu_span(trace_, tracks_of(trace_, key), {}, progress,
                      [&](const SpanColumns& c, std::size_t row, TimeRange span) {
                        add(c.kind[row], c.name[row], span, steps.at(span.begin));
                      });
  }

  void give(CompareSide& side) {
    const bool keep = names_ * steps_.steps.size() <= kMostPerStep;
    for (const auto& [name, sums] : by_name_)
      for (const auto& [span_class, sum] : sums) {
        const std::string_view text = trace_.strings()[name];
        WorkSum& kernel = side.kernels[kernel_key(text)];
        kernel.label = kernel_label(text);
        kernel.span_class = span_class;
        unite(kernel, sum, keep);
        WorkSum& of_class = side.by_class[span_class];
        of_class.span_class = span_class;
        of_class.label = to_string(span_class);
        unite(of_class, sum, true);
      }
  }

 private:
  void add(SpanKind kind, StringId name, TimeRange span, std::optional<std::size_t> step) {
    const SpanClass span_class = classes_.of(kind, name).span_class;
    const auto [entry, added] = by_name_[name].try_emplace(span_class);
    WorkSum& sum = entry->second;
    if (added) {
      ++names_;
      if (names_ * steps_.steps.size() <= kMostPerStep) sum.per_step.resize(steps_.steps.size());
    }
    ++sum.count;
    sum.total += span.length();
    if (step && !sum.per_step.empty()) sum.per_step[*step] += static_cast<double>(span.length());
  }

  static void unite(WorkSum& into, const WorkSum& sum, bool keep_steps) {
    into.count += sum.count;
    into.total += sum.total;
    if (!keep_steps || sum.per_step.empty()) return;
    into.per_step.resize(sum.per_step.size());
    for (std::size_t i = 0; i < sum.per_step.size(); ++i) into.per_step[i] += sum.per_step[i];
  }

  const Trace& trace_;
  const Classification& classes_;
  const TraceSteps& steps_;
  std::unordered_map<StringId, std::map<SpanClass, WorkSum>> by_name_;
  std::size_t names_ = 0;
};

}  // namespace

CompareSide compare_side(TracePtr trace, const RuleSet& rules, Progress& progress) {
  CompareSide side;
  side.trace = std::move(trace);
  side.classes = std::make_shared<const Classification>(*side.trace, rules, progress);
  side.overlap = analyze_overlap_and_scopes(*side.trace, *side.classes, {}, progress);
  side.sm = analyze_sm_allocation(*side.trace, *side.classes, {}, progress);
  side.steps = find_steps(*side.trace, side.overlap.activity, side.overlap.scopes, progress);
  Sums sums(*side.trace, *side.classes, side.steps);
  for (const DeviceActivity& device : side.overlap.activity) sums.add_device(device.key, progress);
  sums.give(side);
  return side;
}

}  // namespace moescope
