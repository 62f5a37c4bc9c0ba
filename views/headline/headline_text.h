// The headline in the words and units of the window.
#pragma once

#include <QString>
#include <vector>

#include "core/analysis/headline/headline.h"
#include "core/analysis/steps/steps.h"
#include "core/loads/load_headline.h"
#include "views/headline/headline_tile.h"

namespace moescope {

/// What the trace says in its scope.
struct TraceAnswer {
  Headline headline;
  std::vector<StepTimes> steps;  ///< of the whole trace, by phase
  QString steps_how;             ///< how steps were found
  quint64 lost = 0;              ///< records that the recording lost in the scope
  QString scope;                 ///< "whole trace", "visible range, 12.4 ms"
};

TileText exposed_tile(const TraceAnswer& answer);
TileText hidden_tile(const TraceAnswer& answer);
TileText worst_tile(const TraceAnswer& answer, const Trace& trace);
TileText sm_tile(const TraceAnswer& answer);
TileText step_tile(const TraceAnswer& answer);
TileText lost_tile(const TraceAnswer& answer);
TileText imbalance_tile(const LoadHeadline& loads);
TileText hottest_tile(const LoadHeadline& loads);

}  // namespace moescope
