#include <algorithm>
#include <cmath>

#include "core/analysis/compare/rows.h"

namespace moescope {
namespace {

/// More of a time is slower; more of anything else is just more.
Change change_of(const Difference& row, double delta) {
  if (!row.a) return Change::New;
  if (!row.b) return Change::Gone;
  const bool time = row.unit == FigureUnit::Ns;
  if (delta > 0) return time ? Change::Slower : Change::More;
  return time ? Change::Faster : Change::Less;
}

bool beyond_noise(const Difference& row, double a, double b) {
  const double delta = std::abs(b - a);
  // Of a hundred rows some lie beyond twice the standard error by chance, mostly tiny ones.
  return delta > kSameWithinPercent / 100 * std::max(std::abs(a), std::abs(b)) &&
         delta > row.noise.value_or(0);
}

/// By the values that are judged and the noise of the row.
void decide(Difference& row, double a, double b) {
  row.significant = (!row.a || !row.b) ? row.a != row.b : a != b && beyond_noise(row, a, b);
  row.change = row.significant ? change_of(row, b - a) : Change::Same;
}

/// Totals over equally many steps: the noise of the means, for the totals.
void noise_for_totals(Difference& row, const StepSamples& samples) {
  if (row.noise && !samples.one_step && samples.a.count() == samples.b.count())
    *row.noise *= static_cast<double>(samples.a.count());
}

}  // namespace

const char* to_string(Change change) {
  switch (change) {
    case Change::Same:
      return "same";
    case Change::New:
      return "new";
    case Change::Gone:
      return "gone";
    case Change::Slower:
      return "slower";
    case Change::Faster:
      return "faster";
    case Change::More:
      return "more";
    case Change::Less:
      return "less";
  }
  return "";
}

std::optional<double> Difference::delta_percent() const {
  if (!a || !b || *a == 0) return std::nullopt;
  return 100 * (*b - *a) / std::abs(*a);
}

Difference time_row(std::string scope, std::string key, const char* figure) {
  Difference row;
  row.scope = std::move(scope);
  row.label = key;
  row.key = std::move(key);
  row.figure = figure;
  return row;
}

Difference whole_row(const char* figure, FigureUnit unit) {
  Difference row = time_row("trace", "", figure);
  row.unit = unit;
  return row;
}

Samples lengths_of(const TraceSteps& steps) {
  Samples samples;
  for (const TraceStep& step : steps.steps) samples.add(static_cast<double>(step.range.length()));
  return samples;
}

Samples samples_of(const TraceSteps& steps, TimeNs OverlapFigures::*value,
                   const std::optional<DeviceKey>& device) {
  Samples samples;
  for (const TraceStep& step : steps.steps) {
    double sum = 0;
    bool found = false;
    for (const StepOnDevice& part : step.devices) {
      if (device && part.key != *device) continue;
      sum += static_cast<double>(part.figures.*value);
      found = true;
    }
    if (found) samples.add(sum);
  }
  return samples;
}

void judge(Difference& row, const std::optional<StepSamples>& samples) {
  double a = row.a.value_or(0), b = row.b.value_or(0);
  const bool summed = samples && !samples->one_step;
  if (samples && samples->one_step) row.noise = noise_of_values(samples->a, samples->b);
  if (summed && row.a && row.b) {
    row.noise = noise_of_means(samples->a, samples->b);
    const std::size_t steps_a = samples->a.count(), steps_b = samples->b.count();
    if (steps_a > 0 && steps_b > 0) {
      row.a_per_step = samples->a.mean();
      row.b_per_step = samples->b.mean();
      // Totals of unlike numbers of steps say how long was recorded, so the means are judged.
      a = samples->a.mean();
      b = samples->b.mean();
    }
  }
  decide(row, a, b);
  if (samples) noise_for_totals(row, *samples);
}

void judge_by_length(Difference& row, const CompareSide& a, const CompareSide& b) {
  const StepSamples lengths{lengths_of(a.steps), lengths_of(b.steps), a.step.has_value()};
  if (!row.a || !row.b || lengths.a.count() == 0 || lengths.b.count() == 0) return judge(row);
  double value_a = *row.a, value_b = *row.b;
  if (!lengths.one_step) {
    row.a_per_step = value_a /= static_cast<double>(lengths.a.count());
    row.b_per_step = value_b /= static_cast<double>(lengths.b.count());
  }
  const auto noise = lengths.one_step ? noise_of_values(lengths.a, lengths.b)
                                      : noise_of_means(lengths.a, lengths.b);
  const double length = (lengths.a.mean() + lengths.b.mean()) / 2;
  if (noise && length > 0)
    row.noise = *noise / length * std::max(std::abs(value_a), std::abs(value_b));
  decide(row, value_a, value_b);
  noise_for_totals(row, lengths);
}

void call_more_or_less(Difference& row) {
  if (row.change == Change::Slower) row.change = Change::More;
  if (row.change == Change::Faster) row.change = Change::Less;
}

}  // namespace moescope
