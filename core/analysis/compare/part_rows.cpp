// Rows of layers and steps.
#include <fmt/format.h>

#include <map>

#include "core/analysis/compare/row_place.h"
#include "core/analysis/compare/rows.h"

namespace moescope {
namespace {

/// Names of kLayerFigures.
constexpr const char* kLayerNames[kLayerFigureCount] = {"span_ns", "compute_ns", "comm_ns",
                                                        "exposed_comm_ns"};

std::map<std::string, Samples> lengths_by_phase(const TraceSteps& steps) {
  std::map<std::string, Samples> lengths;
  for (const TraceStep& step : steps.steps)
    lengths[step.phase].add(static_cast<double>(step.range.length()));
  return lengths;
}

std::map<std::string, TraceStep> steps_by_key(const TraceSteps& steps) {
  std::map<std::string, TraceStep> by_key;
  for (const TraceStep& step : steps.steps) by_key[step_key(step)] = step;
  return by_key;
}

}  // namespace

void add_layer_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  for (const std::string& name : keys_of(a.layers, b.layers)) {
    const LayerSum *one = find_in(a.layers, name), *other = find_in(b.layers, name);
    for (std::size_t i = 0; i < kLayerFigureCount; ++i) {
      Difference row = time_row("layer", name, kLayerNames[i]);
      StepSamples samples;
      samples.one_step = a.step.has_value();
      if (one != nullptr) {
        row.a = one->sum[i];
        samples.a = one->samples[i];
      }
      if (other != nullptr) {
        row.b = other->sum[i];
        samples.b = other->samples[i];
      }
      judge(row, samples);
      rows.push_back(std::move(row));
    }
  }
}

void add_step_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  const auto lengths_a = lengths_by_phase(a.steps), lengths_b = lengths_by_phase(b.steps);
  const auto exposed_noise = noise_of_values(samples_of(a.steps, &OverlapFigures::exposed),
                                             samples_of(b.steps, &OverlapFigures::exposed));
  const auto in_b = steps_by_key(b.steps);
  for (const TraceStep& one : a.steps.steps) {
    const std::string key = step_key(one);
    const TraceStep* other = find_in(in_b, key);
    if (other == nullptr) continue;
    Difference time = time_row("step", key, "step_ns");
    time.a = static_cast<double>(one.range.length());
    time.b = static_cast<double>(other->range.length());
    time.noise = noise_of_values(lengths_a.at(one.phase), lengths_b.at(one.phase));
    judge(time);
    Difference exposed = time_row("step", key, "exposed_comm_ns");
    exposed.a = static_cast<double>(one.exposed());
    exposed.b = static_cast<double>(other->exposed());
    exposed.noise = exposed_noise;
    judge(exposed);
    rows.push_back(std::move(time));
    rows.push_back(std::move(exposed));
  }
}

}  // namespace moescope
