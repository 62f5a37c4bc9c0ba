// What the headline says of a trace, worked out away from the GUI thread.
#pragma once

#include <QString>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/headline/headline.h"
#include "core/analysis/headline/trend.h"
#include "core/analysis/results.h"
#include "core/analysis/serving/serving_figures.h"
#include "core/analysis/steps/steps.h"

namespace moescope {

/// What a whole trace says, whatever the scope: its steps, and what was served.
struct WholeTrace {
  std::vector<StepTimes> times;     ///< by phase
  QString how;                      ///< how steps were found
  std::string main_phase;           ///< that with the most steps
  std::vector<TrendPoint> lengths;  ///< of its steps, ns by begin
  std::shared_ptr<const Serving> serving;
};
/// For a job: reads host spans, and kernels where nothing else names steps. Throws Cancelled,
/// Error.
WholeTrace whole_trace(const Trace& trace, const AnalysisResults& analysis, Progress& progress);

/// What the trace says in its scope.
struct TraceAnswer {
  Headline headline;
  WholeTrace whole;
  quint64 lost = 0;                   ///< records that the recording lost in the scope
  ServingFigures serving;             ///< without requests where no engine recorded them
  Trend exposed, step, ttft, tokens;  ///< over the scope; empty where there is nothing
  QString scope;                      ///< "whole trace", "visible range, 12.4 ms"
};

/// Of what to answer: the whole trace, or a part of it on all devices or some.
struct AnswerScope {
  std::optional<TimeRange> window;
  std::vector<DeviceKey> devices;  ///< empty: all
  QString text;                    ///< scope_text()
};
/// For a job. Throws Cancelled, Error.
TraceAnswer trace_answer(const Trace& trace, const AnalysisResults& analysis,
                         const AnswerScope& scope, WholeTrace whole, Progress& progress);
}  // namespace moescope
