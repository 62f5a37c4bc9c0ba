#include "core/analysis/compare/work_sums.h"

#include <algorithm>
#include <mutex>

#include "core/analysis/spans/gpu_work.h"
#include "core/analysis/spans/kernel_label.h"
#include "core/parallel.h"

namespace moescope {
namespace {

/// Most names x steps whose values are kept: 64 MiB.
constexpr std::size_t kMostPerStep = std::size_t{1} << 22;

/// What one name does in one class. Sums of whole numbers: in whatever order they are the same.
struct NameSum {
  std::uint64_t count = 0;
  TimeNs total = 0;
  std::vector<double> per_step, runs_per_step;
};

void add_to(std::vector<double>& into, const std::vector<double>& values) {
  into.resize(std::max(into.size(), values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) into[i] += values[i];
}

/// By name and class.
class Sums {
 public:
  Sums(const Classification& classes, std::size_t steps) : classes_(classes), steps_(steps) {}

  void add(SpanKind kind, StringId name, TimeNs duration, std::optional<std::size_t> step) {
    NameSum& sum = sum_of(key_of(name, classes_.of(kind, name).span_class));
    ++sum.count;
    sum.total += duration;
    if (!step || sum.per_step.empty()) return;
    sum.per_step[*step] += static_cast<double>(duration);
    ++sum.runs_per_step[*step];
  }

  void merge(const Sums& other) {
    for (const auto& [key, more] : other.sums_) {
      NameSum& sum = sum_of(key);
      sum.count += more.count;
      sum.total += more.total;
      add_to(sum.per_step, more.per_step);
      add_to(sum.runs_per_step, more.runs_per_step);
    }
  }

  void give(CompareSide& side) const {
    const bool keep = sums_.size() * steps_ <= kMostPerStep;
    for (const auto& [key, sum] : sums_) {
      const auto span_class = static_cast<SpanClass>(key & kClassMask);
      const std::string_view text = side.trace->strings()[static_cast<StringId>(key >> kClassBits)];
      WorkSum& kernel = side.kernels[kernel_key(text)];
      kernel.label = kernel_label(text);
      kernel.span_class = span_class;
      unite(kernel, sum, keep);
      WorkSum& of_class = side.by_class[span_class];
      of_class.span_class = span_class;
      of_class.label = to_string(span_class);
      unite(of_class, sum, keep);
    }
  }

 private:
  static constexpr int kClassBits = 8;
  static constexpr std::uint64_t kClassMask = (1U << kClassBits) - 1;
  static std::uint64_t key_of(StringId name, SpanClass span_class) {
    return (std::uint64_t{name} << kClassBits) | static_cast<std::uint64_t>(span_class);
  }

  NameSum& sum_of(std::uint64_t key) {
    const auto [entry, added] = sums_.try_emplace(key);
    if (added && sums_.size() * steps_ <= kMostPerStep) {
      entry->second.per_step.resize(steps_);
      entry->second.runs_per_step.resize(steps_);
    }
    return entry->second;
  }

  static void unite(WorkSum& into, const NameSum& sum, bool keep_steps) {
    into.count += sum.count;
    into.total += sum.total;
    if (!keep_steps) return;
    add_to(into.per_step, sum.per_step);
    add_to(into.runs_per_step, sum.runs_per_step);
  }

  const Classification& classes_;
  std::size_t steps_;
  std::unordered_map<std::uint64_t, NameSum> sums_;
};

LayerSum::Figures figures_of(const DeviceActivity& device, TimeRange range) {
  const OverlapFigures figures = lengths_in(device, range);
  LayerSum::Figures values;
  for (std::size_t i = 0; i < kLayerFigureCount; ++i)
    values[i] = static_cast<double>(figures.*kLayerFigures[i]);
  return values;
}

}  // namespace

StepsOfDevice::StepsOfDevice(const TraceSteps& steps, const DeviceKey& key) {
  for (std::size_t i = 0; i < steps.steps.size(); ++i)
    for (const StepOnDevice& device : steps.steps[i].devices)
      if (device.key == key) ranges_.emplace_back(device.range, i);
  std::sort(ranges_.begin(), ranges_.end(),
            [](const auto& a, const auto& b) { return a.first.begin < b.first.begin; });
}

std::optional<std::size_t> StepsOfDevice::at(TimeNs time) const {
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), time,
                       [](TimeNs t, const auto& entry) { return t < entry.first.begin; });
  if (after == ranges_.begin() || std::prev(after)->first.end <= time) return std::nullopt;
  return std::prev(after)->second;
}

void add_work(CompareSide& side, const WorkPart& part, const Progress& progress) {
  const Trace& trace = *side.trace;
  const Classification& classes = *side.analysis->classes;
  const auto& devices = side.analysis->activity;
  const std::size_t steps = side.steps.steps.size();
  Sums sums(classes, steps);
  std::mutex mutex;
  parallel_for(devices.size(), [&](std::size_t i) {
    const StepsOfDevice at(side.steps, devices[i].key);
    Sums own(classes, steps);
    for_each_gpu_span(trace, tracks_of(trace, devices[i].key), part.window, progress,
                      [&](const SpanColumns& c, std::size_t row, TimeRange) {
                        const TimeNs start = c.start[row];
                        if (part.window && start < part.window->begin) return;
                        const auto step = at.at(start);
                        if (part.in_steps && !step) return;
                        own.add(c.kind[row], c.name[row], c.duration[row], step);
                      });
    const std::lock_guard lock(mutex);
    sums.merge(own);
  });
  sums.give(side);
}

void add_layers(CompareSide& side, const Progress& progress) {
  std::map<DeviceKey, StepsOfDevice> steps;
  for (const ScopeOverlap& scope : side.analysis->scopes) {
    const DeviceActivity* device = find_activity(side.analysis->activity, scope.key);
    if (scope.kind != "layer" || device == nullptr) continue;
    progress.check();
    const StepsOfDevice& at = steps.try_emplace(scope.key, side.steps, scope.key).first->second;
    LayerSum& layer = side.layers[scope.name];
    layer.per_step.resize(side.steps.steps.size());
    for (std::size_t i = 0; i < kLayerFigureCount; ++i)
      layer.sum[i] += static_cast<double>(scope.figures.*kLayerFigures[i]);
    for (const TimeRange& range : scope.ranges) {
      const LayerSum::Figures values = figures_of(*device, range);
      const auto step = at.at(range.begin);
      for (std::size_t i = 0; i < kLayerFigureCount; ++i) {
        layer.samples[i].add(values[i]);
        if (step) layer.per_step[*step][i] += values[i];
      }
    }
  }
}

}  // namespace moescope
