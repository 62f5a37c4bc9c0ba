// Rows of classes, kernels and pairs of SMs.
#include <fmt/format.h>

#include <map>

#include "core/analysis/compare/rows.h"

namespace moescope {
namespace {

/// Total time, count and mean of a class or kernel.
void add_rows(const std::string& scope, const std::string& key, const WorkSum* a, const WorkSum* b,
              bool one_step, std::vector<Difference>& rows) {
  Difference total = time_row(scope, key, "total_ns");
  total.label = (a != nullptr ? a : b)->label;
  Difference count = total, mean = total;
  count.figure = "count";
  count.unit = FigureUnit::Count;
  mean.figure = "mean_ns";
  StepSamples samples, runs;
  samples.one_step = runs.one_step = one_step;
  const auto fill = [&](const WorkSum* work, std::optional<double> Difference::*side,
                        Samples StepSamples::*of_steps) {
    if (work == nullptr) return;
    const auto times = static_cast<double>(work->count);
    total.*side = static_cast<double>(work->total);
    count.*side = times;
    mean.*side = static_cast<double>(work->total) / times;
    samples.*of_steps = Samples(work->per_step);
    runs.*of_steps = Samples(work->runs_per_step);
  };
  fill(a, &Difference::a, &StepSamples::a);
  fill(b, &Difference::b, &StepSamples::b);
  judge(total, samples);
  judge(count, runs);
  // The noise of a mean is that of the total, over as many runs.
  if (total.noise && a != nullptr && b != nullptr && a->count == b->count)
    mean.noise = *total.noise / static_cast<double>(a->count);
  judge(mean);
  for (Difference* row : {&total, &count, &mean}) rows.push_back(std::move(*row));
}

std::map<std::string, WorkSum> classes_of(const CompareSide& side) {
  std::map<std::string, WorkSum> classes;
  for (const auto& [span_class, sum] : side.by_class) classes[sum.label] = sum;
  return classes;
}

std::map<std::string, double> sm_pairs_of(const CompareSide& side) {
  std::map<std::string, double> pairs;
  for (const SmAllocation& device : side.analysis->sm)
    for (const auto& [sms, time] : device.time_at)
      pairs[fmt::format("{}+{}", sms.first, sms.second)] += static_cast<double>(time);
  return pairs;
}

}  // namespace

void add_work_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  const auto in_a = classes_of(a), in_b = classes_of(b);
  const bool one_step = a.step.has_value();
  for (const std::string& key : keys_of(in_a, in_b))
    add_rows("class", key, find_in(in_a, key), find_in(in_b, key), one_step, rows);
  for (const std::string& key : keys_of(a.kernels, b.kernels))
    add_rows("kernel", key, find_in(a.kernels, key), find_in(b.kernels, key), one_step, rows);
}

void add_sm_pair_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  const auto in_a = sm_pairs_of(a), in_b = sm_pairs_of(b);
  for (const std::string& key : keys_of(in_a, in_b)) {
    Difference row = time_row("sm_pair", key, "ns");
    if (const double* time = find_in(in_a, key)) row.a = *time;
    if (const double* time = find_in(in_b, key)) row.b = *time;
    judge_by_length(row, a, b);
    call_more_or_less(row);
    rows.push_back(std::move(row));
  }
}

}  // namespace moescope
