// The picture of SM allocation over time: one panel a device, the same on screen and on paper.
#pragma once

#include <QPainter>
#include <QRectF>
#include <QString>
#include <vector>

#include "views/common/theme.h"
#include "views/plot/axis/time_axis.h"
#include "views/sm/sm_data.h"

namespace moescope {

/// What to draw; the devices must outlive the call.
struct SmChartInput {
  const Trace* trace = nullptr;
  std::vector<const SmDevice*> devices;
  TimeRange range;
  bool caveats = true;   ///< false where they are shown beside the picture
  bool awaited = false;  ///< a trace is open, its analysis is not there yet
};

/// Draws title, legend, panels and time axis into `area`; returns where the times of the panels
/// are.
TimeAxis paint_sm_chart(QPainter& painter, const QRectF& area, const SmChartInput& input,
                        const Theme& theme);
/// The stack of one device alone, where `times` says.
void paint_sm_stack(QPainter& painter, const SmDevice& device, const TimeAxis& times,
                    const Theme& theme);
/// The mean SMs by class of each device over the range, in words.
QString sm_summary(const SmChartInput& input);
/// "SMs inferred from launch configurations", "recorded", ...
QString sm_method_text(SmMethod method);
/// Why there is no result, and what would give one. `awaited` as above.
QString sm_missing_text(const Trace* trace, bool awaited);

}  // namespace moescope
