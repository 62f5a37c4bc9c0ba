#include "core/analysis/compare/side.h"

#include "core/analysis/compare/work_sums.h"

namespace moescope {
namespace {

TraceSteps steps_inside(const TraceSteps& all, TimeRange window) {
  TraceSteps inside{all.source, all.how, {}};
  for (const TraceStep& step : all.steps)
    if (step.range.begin >= window.begin && step.range.end <= window.end)
      inside.steps.push_back(step);
  return inside;
}

}  // namespace

CompareSide compare_side(TracePtr trace, AnalysisPtr analysis, Progress& progress) {
  CompareSide side;
  side.trace = std::move(trace);
  side.analysis = std::move(analysis);
  progress.report(0, "finding steps");
  side.steps = find_steps(*side.trace, side.analysis->activity, side.analysis->scopes, progress);
  progress.report(0, "adding up work");
  add_work(side, {}, progress);
  add_layers(side, progress);
  return side;
}

CompareSide compare_side(TracePtr trace, const RuleSet& rules, Progress& progress) {
  AnalysisPtr analysis = analyze_document(*trace, rules, progress);
  return compare_side(std::move(trace), std::move(analysis), progress);
}

CompareSide part_of(const CompareSide& whole, TimeRange window, Progress& progress) {
  const Trace& trace = *whole.trace;
  const auto cut = std::make_shared<AnalysisResults>();
  cut->classes = whole.analysis->classes;
  OverlapResults overlap =
      cut_overlap(trace, *cut->classes, whole.analysis->scopes, window, progress);
  cut->activity = std::move(overlap.activity);
  cut->overlap = std::move(overlap.overlap);
  cut->scopes = std::move(overlap.scopes);
  cut->sm = analyze_sm_allocation(trace, *cut->classes, window, progress);
  CompareSide side;
  side.trace = whole.trace;
  side.analysis = cut;
  side.steps = steps_inside(whole.steps, window);
  add_work(side, {window, false}, progress);
  add_layers(side, progress);
  return side;
}

}  // namespace moescope
