#include "core/analysis/compare/step_pair.h"

#include <fmt/format.h>

#include "core/analysis/compare/work_sums.h"
#include "core/analysis/overlap/device_work.h"
#include "core/analysis/spans/gpu_work.h"
#include "core/analysis/steps/step_standing.h"
#include "core/error.h"

namespace moescope {
namespace {

/// Indices of the steps of the same phase, without two of them.
std::vector<std::size_t> others(const TraceSteps& steps, std::size_t index, std::size_t beside) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < steps.steps.size(); ++i)
    if (i != index && i != beside && steps.steps[i].phase == steps.steps[index].phase)
      found.push_back(i);
  return found;
}

/// Figures of the step on one device; lengths_in() counts no events.
OverlapFigures figures_of(const CompareSide& whole, const StepOnDevice& part,
                          const Progress& progress) {
  OverlapFigures figures = part.figures;
  for_each_gpu_span(*whole.trace, tracks_of(*whole.trace, part.key), part.range, progress,
                    [&](const SpanColumns& c, std::size_t row, TimeRange) {
                      if (c.start[row] < part.range.begin) return;
                      auto* count = of_role(whole.analysis->classes->role(c.kind[row], c.name[row]),
                                            figures.compute_events, figures.comm_events,
                                            figures.memory_events, figures.fused_events);
                      if (count != nullptr) ++*count;
                    });
  return figures;
}

AnalysisPtr analysis_of(const CompareSide& whole, const TraceStep& step, Progress& progress) {
  const auto cut = std::make_shared<AnalysisResults>();
  cut->classes = whole.analysis->classes;
  cut->activity = activity_of_step(whole.analysis->activity, step);
  for (const StepOnDevice& part : step.devices) {
    cut->overlap.push_back({part.key, figures_of(whole, part, progress)});
    if (auto sm =
            analyze_sm_allocation_of(*whole.trace, *cut->classes, part.key, part.range, progress))
      cut->sm.push_back(std::move(*sm));
  }
  for (const ScopeOverlap& scope : whole.analysis->scopes)
    if (scope.kind == "micro_batch") cut->scopes.push_back(scope);
  return cut;
}

std::vector<double> picked(const std::vector<double>& values, const std::vector<std::size_t>& at) {
  std::vector<double> found;
  if (values.empty()) return found;
  for (const std::size_t i : at) found.push_back(values[i]);
  return found;
}

/// The samples of `sums`, which has those of the step itself, are those of the other steps.
template <typename Map>
void take_samples(Map& sums, const Map& whole, const std::vector<std::size_t>& at) {
  for (auto& [key, sum] : sums) {
    const auto all = whole.find(key);
    if (all == whole.end()) continue;
    sum.per_step = picked(all->second.per_step, at);
    sum.runs_per_step = picked(all->second.runs_per_step, at);
  }
}

std::map<std::string, LayerSum> layers_of(const CompareSide& whole, std::size_t index,
                                          const std::vector<std::size_t>& at) {
  std::map<std::string, LayerSum> layers;
  for (const auto& [name, all] : whole.layers) {
    LayerSum& layer = layers[name];
    layer.sum = all.per_step[index];
    for (const std::size_t other : at)
      for (std::size_t i = 0; i < kLayerFigureCount; ++i)
        layer.samples[i].add(all.per_step[other][i]);
  }
  std::erase_if(layers, [](const auto& entry) { return entry.second.sum[0] == 0; });
  return layers;
}

}  // namespace

CompareSide step_side(const CompareSide& whole, std::size_t index, std::size_t beside,
                      Progress& progress) {
  const TraceStep& step = whole.steps.steps[index];
  const auto like = others(whole.steps, index, beside);
  CompareSide side;
  side.trace = whole.trace;
  side.analysis = analysis_of(whole, step, progress);
  side.step = step;
  side.steps = {whole.steps.source, whole.steps.how, {step}};
  add_work(side, {step.range, true}, progress);
  take_samples(side.kernels, whole.kernels, like);
  take_samples(side.by_class, whole.by_class, like);
  side.layers = layers_of(whole, index, like);
  side.steps.steps.clear();
  for (const std::size_t i : like) side.steps.steps.push_back(whole.steps.steps[i]);
  return side;
}

std::string step_words(const TraceStep& step) {
  return step.phase.empty() ? fmt::format("step {}", step.number)
                            : fmt::format("{} step {}", step.phase, step.number);
}

Comparison compare_steps(const CompareSide& whole, std::size_t a, std::size_t b,
                         Progress& progress) {
  const auto& steps = whole.steps.steps;
  if (a >= steps.size() || b >= steps.size())
    throw Error("", "", fmt::format("there is no step {}", std::max(a, b)),
                "Choose one of the steps that are listed");
  const CompareSide one = step_side(whole, a, b, progress);
  const CompareSide other = step_side(whole, b, a, progress);
  const bool layers = !one.layers.empty() && !other.layers.empty();
  Comparison result =
      compare_traces(one, other, layers ? Alignment::Layer : Alignment::Time, progress);
  const std::size_t like = std::min(one.steps.steps.size(), other.steps.steps.size());
  result.aligned_why =
      fmt::format("{} beside {}, {}", step_words(steps[a]), step_words(steps[b]),
                  like < kFewestSamples
                      ? std::string("too few other steps to know the noise")
                      : fmt::format("noise from {} other {}", like,
                                    steps[b].phase.empty() ? "steps" : steps[b].phase + " steps"));
  return result;
}

}  // namespace moescope
