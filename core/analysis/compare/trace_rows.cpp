// Rows of the whole trace and of its devices: the figures of analyze.
#include <fmt/format.h>

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
  return sum_of(side.overlap.overlap, [&](const DeviceOverlap& d) { return d.figures.*value; });
}

/// 100 x overlap / communication, of the sums.
std::optional<double> overlap_percent(const CompareSide& side) {
  const auto comm = overlap_sum(side, &OverlapFigures::comm);
  if (!comm || *comm == 0) return std::nullopt;
  return 100 * *overlap_sum(side, &OverlapFigures::overlap) / *comm;
}

/// A row of the whole that is not added up over steps; none where neither trace has it.
void add_plain(const char* figure, FigureUnit unit, std::optional<double> a,
               std::optional<double> b, std::vector<Difference>& rows) {
  if (!a && !b) return;
  Difference row = time_row("trace", "", figure);
  row.unit = unit;
  row.a = a;
  row.b = b;
  judge(row);
  rows.push_back(std::move(row));
}

using Devices = std::map<std::string, DeviceOverlap>;
Devices devices_of(const CompareSide& side) {
  Devices devices;
  for (const DeviceOverlap& device : side.overlap.overlap)
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
    judge(row, StepSamples{samples_of(a.steps, figure.value), samples_of(b.steps, figure.value)});
    rows.push_back(std::move(row));
  }
  add_plain("overlap_pct", FigureUnit::Percent, overlap_percent(a), overlap_percent(b), rows);
  for (const EventFigure& figure : kEventFigures)
    add_plain(figure.name, FigureUnit::Count, overlap_sum(a, figure.value),
              overlap_sum(b, figure.value), rows);
  for (const SmFigure& figure : kSmFigures) {
    const auto sum = [&](const CompareSide& side) {
      return sum_of(side.sm, [&](const SmAllocation& d) { return d.*figure.value; });
    };
    add_plain(figure.name, figure.unit, sum(a), sum(b), rows);
  }
}

void add_device_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  const Devices in_a = devices_of(a), in_b = devices_of(b);
  for (const std::string& key : keys_of(in_a, in_b)) {
    const DeviceOverlap *one = find_in(in_a, key), *other = find_in(in_b, key);
    for (const TimeFigure& figure : kTimeFigures) {
      Difference row = time_row("device", key, figure.name);
      StepSamples samples;
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
