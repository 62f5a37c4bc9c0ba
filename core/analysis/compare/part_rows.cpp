// Rows of layers and steps.
#include <fmt/format.h>

#include <map>

#include "core/analysis/compare/figures.h"
#include "core/analysis/compare/rows.h"

namespace moescope {
namespace {

constexpr TimeFigure kLayerFigures[] = {{"span_ns", &OverlapFigures::span},
                                        {"compute_ns", &OverlapFigures::compute},
                                        {"comm_ns", &OverlapFigures::comm},
                                        {"exposed_comm_ns", &OverlapFigures::exposed}};
constexpr std::size_t kLayerFigureCount = std::size(kLayerFigures);

/// Of one layer over all devices; its occurrences are the samples.
struct LayerFigures {
  double sums[kLayerFigureCount] = {};
  Samples samples[kLayerFigureCount];
};

std::map<std::string, LayerFigures> layers_of(const CompareSide& side) {
  std::map<std::string, LayerFigures> layers;
  for (const ScopeOverlap& scope : side.overlap.scopes) {
    const DeviceActivity* device = find_activity(side.overlap.activity, scope.key);
    if (scope.kind != "layer" || device == nullptr) continue;
    LayerFigures& layer = layers[scope.name];
    for (std::size_t i = 0; i < kLayerFigureCount; ++i)
      layer.sums[i] += static_cast<double>(scope.figures.*kLayerFigures[i].value);
    for (const TimeRange& range : scope.ranges) {
      const OverlapFigures figures = lengths_in(*device, range);
      for (std::size_t i = 0; i < kLayerFigureCount; ++i)
        layer.samples[i].add(static_cast<double>(figures.*kLayerFigures[i].value));
    }
  }
  return layers;
}

std::string key_of(const TraceStep& step) {
  return step.phase.empty() ? fmt::format("{}", step.number)
                            : fmt::format("{} {}", step.phase, step.number);
}

std::map<std::string, Samples> lengths_by_phase(const TraceSteps& steps) {
  std::map<std::string, Samples> lengths;
  for (const TraceStep& step : steps.steps)
    lengths[step.phase].add(static_cast<double>(step.range.length()));
  return lengths;
}

std::map<std::string, TraceStep> steps_by_key(const TraceSteps& steps) {
  std::map<std::string, TraceStep> by_key;
  for (const TraceStep& step : steps.steps) by_key[key_of(step)] = step;
  return by_key;
}

}  // namespace

void add_layer_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows) {
  const auto in_a = layers_of(a), in_b = layers_of(b);
  for (const std::string& name : keys_of(in_a, in_b)) {
    const LayerFigures *one = find_in(in_a, name), *other = find_in(in_b, name);
    for (std::size_t i = 0; i < kLayerFigureCount; ++i) {
      Difference row = time_row("layer", name, kLayerFigures[i].name);
      StepSamples samples;
      if (one != nullptr) {
        row.a = one->sums[i];
        samples.a = one->samples[i];
      }
      if (other != nullptr) {
        row.b = other->sums[i];
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
    const std::string key = key_of(one);
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
