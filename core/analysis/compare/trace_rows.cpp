// Rows of the whole trace and of its devices: the figures of analyze.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/analysis/compare/figures.h"
#include "core/analysis/compare/rows.h"
#include "core/analysis/spans/gpu_work.h"

namespace moescope {
namespace {

/// Sum over what the trace has of devices; nullopt without any.
template <typename Device, typename Value>
std::optional<double> sum_of(const std::vector<Device>& devices, const Value& value) {
  if (devices.empty()) return std::nullopt;
  double sum = 0;
  for (const Device& device : devices) sum += static_cast<double>(value(device));
  return sum;
}

std::optional<double> overlap_sum(const CompareSide& side, auto OverlapFigures::*value) {
  return sum_of(side.analysis->overlap, [&](const DeviceOverlap& d) { return d.figures.*value; });
}

/// 100 x overlap / communication, of the sums.
std::optional<double> overlap_percent(const CompareSide& side) {
  const auto comm = overlap_sum(side, &OverlapFigures::comm);
  if (!comm || *comm == 0) return std::nullopt;
  return 100 * *overlap_sum(side, &OverlapFigures::overlap) / *comm;
}

/// 100 x overlap / communication of each step.
Samples overlap_samples(const TraceSteps& steps) {
  Samples samples;
  for (const TraceStep& step : steps.steps) {
    TimeNs overlap = 0, comm = 0;
    for (const StepOnDevice& part : step.devices) {
      overlap += part.figures.overlap;
      comm += part.figures.comm;
    }
    if (comm > 0) samples.add(100.0 * static_cast<double>(overlap) / static_cast<double>(comm));
  }
  return samples;
}

void add_overlap_percent(const CompareSide& a, const CompareSide& b,
                         std::vector<Difference>& rows) {
  Difference row = whole_row("overlap_pct", FigureUnit::Percent);
  row.a = overlap_percent(a);
  row.b = overlap_percent(b);
  if (!row.a && !row.b) return;
  const auto noise = a.step ? noise_of_values : noise_of_means;
  row.noise = noise(overlap_samples(a.steps), overlap_samples(b.steps));
  judge(row);
  rows.push_back(std::move(row));
}

/// Spans of a role that began in each step.
Samples run_samples(const CompareSide& side, Role role) {
  std::vector<double> runs;
  for (const auto& [span_class, sum] : side.by_class) {
    if (role_of(span_class) != role) continue;
    runs.resize(std::max(runs.size(), sum.runs_per_step.size()));
    for (std::size_t i = 0; i < sum.runs_per_step.size(); ++i) runs[i] += sum.runs_per_step[i];
  }
  return Samples(runs);
}

using Devices = std::map<std::string, DeviceOverlap>;
Devices devices_of(const CompareSide& side) {
  Devices devices;
  for (const DeviceOverlap& device : side.analysis->overlap)
    devices[device_key_text(*side.trace, device.key)] = device;
  return devices;
}

}  // namespace

std::string device_key_text(const Trace& trace, const DeviceKey& key) {
  const Process& process = trace.processes().at(key.process);
  const std::string rank = process.rank ? fmt::format("rank {}", *process.rank) : process.label;
  return fmt::format("{}, {}", rank, device_word(trace, key));
}

void add_trace_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  for (const TimeFigure& figure : kTimeFigures) {
    Difference row = time_row("trace", "", figure.name);
    row.a = overlap_sum(a, figure.value);
    row.b = overlap_sum(b, figure.value);
    judge(row, StepSamples{samples_of(a.steps, figure.value), samples_of(b.steps, figure.value),
                           a.step.has_value()});
    rows.push_back(std::move(row));
  }
  add_overlap_percent(a, b, rows);
  for (const EventFigure& figure : kEventFigures) {
    Difference row = whole_row(figure.name, FigureUnit::Count);
    row.a = overlap_sum(a, figure.value);
    row.b = overlap_sum(b, figure.value);
    if (!row.a && !row.b) continue;
    judge(row, StepSamples{run_samples(a, figure.role), run_samples(b, figure.role),
                           a.step.has_value()});
    rows.push_back(std::move(row));
  }
  for (const SmFigure& figure : kSmFigures) {
    const auto sum = [&](const CompareSide& side) {
      return sum_of(side.analysis->sm, [&](const SmAllocation& d) { return d.*figure.value; });
    };
    Difference row = whole_row(figure.name, figure.unit);
    row.a = sum(a);
    row.b = sum(b);
    if (!row.a && !row.b) continue;
    judge_by_length(row, a, b);
    rows.push_back(std::move(row));
  }
}

void add_device_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  const Devices in_a = devices_of(a), in_b = devices_of(b);
  for (const std::string& key : keys_of(in_a, in_b)) {
    const DeviceOverlap *one = find_in(in_a, key), *other = find_in(in_b, key);
    for (const TimeFigure& figure : kTimeFigures) {
      Difference row = time_row("device", key, figure.name);
      StepSamples samples;
      samples.one_step = a.step.has_value();
      if (one != nullptr) {
        row.a = static_cast<double>(one->figures.*figure.value);
        samples.a = samples_of(a.steps, figure.value, one->key);
      }
      if (other != nullptr) {
        row.b = static_cast<double>(other->figures.*figure.value);
        samples.b = samples_of(b.steps, figure.value, other->key);
      }
      judge(row, samples);
      rows.push_back(std::move(row));
    }
  }
}

}  // namespace moescope
