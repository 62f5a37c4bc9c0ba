// The picture of SM allocation over time: one panel a device, the same on screen and on paper.
#pragma once

#include <QPainter>
#include <QRectF>
#include <QString>
#include <optional>
#include <vector>

#include "core/analysis/sm_allocation.h"
#include "views/common/theme.h"

namespace moescope {

/// What to draw; the allocations must outlive the call.
struct SmChartInput {
  const Trace* trace = nullptr;
  std::vector<const SmAllocation*> devices;
  TimeRange range;
  std::optional<TimeNs> cursor;
};

/// Draws title, legend, panels and time axis into `area`; returns the rectangle of the panels, to
/// map the pointer to a time.
QRectF paint_sm_chart(QPainter& painter, const QRectF& area, const SmChartInput& input,
                      const Theme& theme);
/// "SMs inferred from launch configurations", "recorded", ...
QString sm_method_text(SmMethod method);
/// Why there is no result, and what would give one.
QString sm_missing_text(const Trace* trace);
/// Classes that hold SMs in any of the devices, communication first: the order of the stack.
std::vector<SpanClass> sm_classes(const std::vector<const SmAllocation*>& devices);

}  // namespace moescope
