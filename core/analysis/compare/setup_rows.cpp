// Rows of how the work was run, which are causes more often than results: SMs that communication
// holds, micro-batches that overlap, balance of the devices; and the mean step of each phase.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/analysis/compare/figures.h"
#include "core/analysis/compare/rows.h"
#include "core/analysis/serving/worker_budgets.h"
#include "core/analysis/spans/gpu_work.h"

namespace moescope {
namespace {

/// A row of means with the noise of those; none where neither trace has it.
void add_mean(Difference row, const Samples& a, const Samples& b, std::vector<Difference>& rows) {
  if (a.count() > 0) row.a = a.mean();
  if (b.count() > 0) row.b = b.mean();
  if (!row.a && !row.b) return;
  row.noise = noise_of_means(a, b);
  judge(row);
  rows.push_back(std::move(row));
}

/// Mean number of SMs that communication holds while it holds any; nullopt where none is known.
std::optional<double> comm_sms(const CompareSide& side) {
  double held = 0, time = 0;
  for (const SmAllocation& device : side.analysis->sm) {
    held += static_cast<double>(device.comm_sm_ns);
    for (const auto& [sms, ns] : device.time_at)
      if (sms.first > 0) time += static_cast<double>(ns);
  }
  if (time <= 0) return std::nullopt;
  return held / time;
}

void add_comm_sms(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  Difference row = whole_row("comm_sms", FigureUnit::Ratio);
  row.a = comm_sms(a);
  row.b = comm_sms(b);
  if (!row.a && !row.b) return;
  const CompareSide& known = row.a ? a : b;
  row.label = processor_words(find_device(*known.trace, known.analysis->sm.front().key)).many;
  judge(row);
  rows.push_back(std::move(row));
}

/// When the side ran: its steps, else its trace.
TimeRange time_of(const CompareSide& side) {
  if (side.step) return side.step->range;
  TimeRange range = side.trace->range();
  if (side.steps.steps.empty()) return range;
  range = side.steps.steps.front().range;
  for (const TraceStep& step : side.steps.steps) range.end = std::max(range.end, step.range.end);
  return range;
}

/// Of the embedded runtime, which ranks get a number of workers of.
void add_comm_workers(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  Difference row = whole_row("comm_workers", FigureUnit::Ratio);
  row.a = communication_workers(*a.trace, time_of(a));
  row.b = communication_workers(*b.trace, time_of(b));
  if (!row.a && !row.b) return;
  row.label = "granted to a rank";
  judge(row);
  rows.push_back(std::move(row));
}

/// Where two micro-batches are under way at once, by device.
using Overlaps = std::map<DeviceKey, IntervalSet>;
Overlaps micro_batch_overlaps(const CompareSide& side) {
  Overlaps any, both;
  for (const ScopeOverlap& scope : side.analysis->scopes) {
    if (scope.kind != "micro_batch") continue;
    const IntervalSet own = IntervalSet::union_of(scope.ranges);
    IntervalSet &all = any[scope.key], &twice = both[scope.key];
    twice = twice.unite(all.intersect(own));
    all = all.unite(own);
  }
  return both;
}

double inside(const Overlaps& overlaps, const TraceStep& step) {
  double sum = 0;
  for (const StepOnDevice& part : step.devices)
    if (const auto it = overlaps.find(part.key); it != overlaps.end())
      sum += static_cast<double>(it->second.clip(part.range).length());
  return sum;
}

void add_micro_batches(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  Difference row = whole_row("micro_batch_overlap_ns", FigureUnit::Ns);
  StepSamples samples;
  samples.one_step = a.step.has_value();
  const auto fill = [&](const CompareSide& side, std::optional<double> Difference::*value,
                        Samples& of_steps) {
    const Overlaps overlaps = micro_batch_overlaps(side);
    if (overlaps.empty()) return;
    for (const TraceStep& step : side.steps.steps) of_steps.add(inside(overlaps, step));
    double sum = side.step ? inside(overlaps, *side.step) : 0;
    if (!side.step)
      for (const auto& [key, set] : overlaps) sum += static_cast<double>(set.length());
    row.*value = sum;
  };
  fill(a, &Difference::a, samples.a);
  fill(b, &Difference::b, samples.b);
  if (!row.a && !row.b) return;
  judge(row, samples);
  call_more_or_less(row);
  rows.push_back(std::move(row));
}

Samples imbalances(const TraceSteps& steps) {
  Samples samples;
  for (const TraceStep& step : steps.steps)
    if (const auto imbalance = step.compute_imbalance()) samples.add(*imbalance);
  return samples;
}

/// Compute of the busiest device over the mean, mean over the steps.
void add_imbalance(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  Difference row = whole_row("compute_imbalance", FigureUnit::Ratio);
  const Samples in_a = imbalances(a.steps), in_b = imbalances(b.steps);
  if (!a.step) return add_mean(std::move(row), in_a, in_b, rows);
  row.a = a.step->compute_imbalance();
  row.b = b.step->compute_imbalance();
  if (!row.a && !row.b) return;
  judge(row, StepSamples{in_a, in_b, true});
  rows.push_back(std::move(row));
}

using ByPhase = std::map<std::string, TraceSteps>;
ByPhase by_phase(const TraceSteps& steps) {
  ByPhase phases;
  for (const TraceStep& step : steps.steps) phases[step.phase].steps.push_back(step);
  return phases;
}

Samples lengths(const TraceSteps* steps) {
  return steps != nullptr ? lengths_of(*steps) : Samples();
}

}  // namespace

void add_setup_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  add_comm_workers(a, b, rows);
  add_comm_sms(a, b, rows);
  add_micro_batches(a, b, rows);
  add_imbalance(a, b, rows);
}

void add_phase_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  const ByPhase in_a = by_phase(a.steps), in_b = by_phase(b.steps);
  if (a.step) {
    Difference row = time_row("trace", "", "step_ns");
    row.a = static_cast<double>(a.step->range.length());
    row.b = static_cast<double>(b.step->range.length());
    judge(row, StepSamples{lengths(find_in(in_a, a.step->phase)),
                           lengths(find_in(in_b, b.step->phase)), true});
    rows.push_back(std::move(row));
    return;
  }
  for (const std::string& phase : keys_of(in_a, in_b)) {
    const TraceSteps *one = find_in(in_a, phase), *other = find_in(in_b, phase);
    const std::string figure = phase.empty() ? "step_ns" : phase + "_step_ns";
    add_mean(time_row("trace", "", figure.c_str()), lengths(one), lengths(other), rows);
    if (phase.empty()) continue;
    const auto samples = [](const TraceSteps* steps, TimeNs OverlapFigures::*value) {
      return steps != nullptr ? samples_of(*steps, value) : Samples();
    };
    for (const auto& [name, value] : {std::pair{"compute_ns", &OverlapFigures::compute},
                                      std::pair{"comm_ns", &OverlapFigures::comm},
                                      std::pair{"exposed_comm_ns", &OverlapFigures::exposed}})
      add_mean(time_row("phase", phase, name), samples(one, value), samples(other, value), rows);
  }
}

}  // namespace moescope
