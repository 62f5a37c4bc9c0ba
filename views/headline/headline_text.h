// The headline in the words and units of the window.
#pragma once

#include <QString>
#include <optional>
#include <utility>
#include <vector>

#include "core/analysis/headline/headline.h"
#include "core/analysis/results.h"
#include "core/analysis/steps/steps.h"
#include "core/loads/load_headline.h"
#include "views/headline/headline_tile.h"

namespace moescope {

/// Lengths of the steps of a whole trace, whatever the scope.
struct StepSummary {
  std::vector<StepTimes> times;  ///< by phase
  QString how;                   ///< how steps were found
};
/// For a job: reads kernels where nothing else names steps. Throws Cancelled, Error.
StepSummary step_summary(const Trace& trace, const AnalysisResults& analysis, Progress& progress);

/// What the trace says in its scope.
struct TraceAnswer {
  Headline headline;
  StepSummary steps;
  quint64 lost = 0;  ///< records that the recording lost in the scope
  QString scope;     ///< "whole trace", "visible range, 12.4 ms"
};

/// Of what to answer: the whole trace, or a part of it on all devices or some.
struct AnswerScope {
  std::optional<TimeRange> window;
  std::vector<DeviceKey> devices;  ///< empty: all
  QString text;                    ///< scope_text()
};
/// For a job. Throws Cancelled, Error.
TraceAnswer trace_answer(const Trace& trace, const AnalysisResults& analysis,
                         const AnswerScope& scope, StepSummary steps, Progress& progress);
/// All of them, by name, in the order in which they stand; those without a value too.
std::vector<std::pair<QString, TileText>> trace_tiles(const TraceAnswer& answer,
                                                      const Trace& trace);
std::vector<std::pair<QString, TileText>> load_tiles(const LoadHeadline& loads);

}  // namespace moescope
