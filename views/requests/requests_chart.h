// The picture of requests over time: latencies with their targets, throughput, share within.
#pragma once

#include <QPainter>
#include <QRectF>

#include "views/common/theme.h"
#include "views/plot/axis/time_axis.h"
#include "views/plot/panel.h"
#include "views/requests/requests_model.h"

namespace moescope {

struct RequestsChartInput {
  ServingPtr serving;  ///< null: nothing to draw
  std::vector<ServingFigures> windows;
  ServingTargets targets;
  TimeRange range;  ///< visible
};

/// Three panels above one time axis, in `area`: TTFT and TPOT of each request as marks on a
/// logarithmic axis, tokens per second, and the share of requests within their targets. Returns
/// where the times of all three are.
TimeAxis paint_requests_chart(QPainter& painter, const QRectF& area,
                              const RequestsChartInput& input, const Theme& theme);
/// Tokens per second that the axis of throughput ends at: in steps, as windows move on while live.
double throughput_scale(const RequestsChartInput& input);
/// Output (solid) and prompt (dashed) tokens per second of the windows, on an axis of `panel`.
void add_throughput_lines(PlotPanel& panel, const RequestsChartInput& input, const Theme& theme);
/// Requests done in the range, their latencies, and the share within the targets, in words.
QString requests_summary(const RequestsChartInput& input);
/// The figures of the second that `time` is in; "" where there are none.
QString requests_text_at(const RequestsChartInput& input, TimeNs time);

}  // namespace moescope
