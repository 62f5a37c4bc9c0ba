#include "views/headline/trace_answer.h"

#include <algorithm>

#include "core/analysis/overlap/losses.h"

namespace moescope {
namespace {

constexpr int kTrendWindows = 40;

/// What an analysis says of a scope.
struct ScopedAnalysis {
  OverlapResults overlap;
  std::vector<SmAllocation> sm;
};

ScopedAnalysis cut_to_scope(const Trace& trace, const AnalysisResults& analysis,
                            const AnswerScope& scope, Progress& progress) {
  ScopedAnalysis cut;
  if (scope.window) {
    cut.overlap = cut_overlap(trace, *analysis.classes, analysis.scopes, *scope.window, progress);
    cut.sm = analyze_sm_allocation(trace, *analysis.classes, scope.window, progress);
  } else {
    cut = {{analysis.activity, analysis.overlap, analysis.scopes}, analysis.sm};
  }
  if (scope.devices.empty()) return cut;
  const auto other = [&](const auto& of) {
    return std::find(scope.devices.begin(), scope.devices.end(), of.key) == scope.devices.end();
  };
  std::erase_if(cut.overlap.activity, other);
  std::erase_if(cut.overlap.overlap, other);
  std::erase_if(cut.overlap.scopes, other);
  std::erase_if(cut.sm, other);
  return cut;
}

/// The phase with the most steps: the one whose median the headline shows.
std::string main_phase(const std::vector<StepTimes>& times) {
  const auto most = std::max_element(
      times.begin(), times.end(), [](const auto& a, const auto& b) { return a.count < b.count; });
  return most == times.end() ? std::string() : most->phase;
}

void add_trends(TimeRange range, const std::vector<DeviceActivity>& activity, TraceAnswer& answer) {
  const auto windows = trend_windows(range, kTrendWindows);
  answer.exposed = exposed_trend(activity, windows);
  // A few steps would leave most windows empty.
  const auto steps =
      static_cast<int>(std::min<std::size_t>(answer.whole.lengths.size(), kTrendWindows));
  answer.step = median_trend(answer.whole.lengths, trend_windows(range, steps));
  const Serving& serving = *answer.whole.serving;
  answer.serving = serving_figures(serving, {}, range);
  if (answer.serving.requests == 0) return;
  std::vector<TrendPoint> first_tokens;
  for (const ServedRequest& request : serving.requests)
    first_tokens.push_back({request.done, static_cast<double>(request.ttft)});
  answer.ttft = median_trend(first_tokens, windows);
  answer.tokens.window = windows.front().length();
  for (const TimeRange& window : windows)
    answer.tokens.values.push_back(serving_figures(serving, {}, window).output_tokens_per_second);
}

}  // namespace

WholeTrace whole_trace(const Trace& trace, const AnalysisResults& analysis, Progress& progress) {
  const TraceSteps steps = find_steps(trace, analysis.activity, analysis.scopes, progress);
  WholeTrace summary{step_times(steps),
                     QString::fromStdString(steps.how),
                     {},
                     {},
                     std::make_shared<const Serving>(read_serving(trace))};
  summary.main_phase = main_phase(summary.times);
  for (const TraceStep& step : steps.steps)
    if (step.phase == summary.main_phase)
      summary.lengths.push_back({step.range.begin, static_cast<double>(step.range.length())});
  return summary;
}

TraceAnswer trace_answer(const Trace& trace, const AnalysisResults& analysis,
                         const AnswerScope& scope, WholeTrace whole, Progress& progress) {
  TraceAnswer answer;
  const ScopedAnalysis cut = cut_to_scope(trace, analysis, scope, progress);
  answer.headline = headline_of(
      trace, *analysis.classes,
      {cut.overlap.activity, cut.overlap.overlap, cut.overlap.scopes, cut.sm}, progress);
  answer.whole = std::move(whole);
  for (const LossSummary& lost : summarise(losses_in(trace, scope.window)))
    answer.lost += lost.count.value_or(0);
  answer.scope = scope.text;
  add_trends(scope.window.value_or(trace.range()), cut.overlap.activity, answer);
  return answer;
}

}  // namespace moescope
