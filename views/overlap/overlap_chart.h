// The picture of overlap: one bar a device, cut into compute only, both, exposed, memory, idle.
#pragma once

#include <QPainter>
#include <QRectF>
#include <optional>
#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "views/common/theme.h"

namespace moescope {

/// A window's parts; they sum to the span.
struct OverlapParts {
  TimeNs compute_only = 0, both = 0, exposed = 0, memory_only = 0, idle = 0;
};
OverlapParts overlap_parts(const OverlapFigures& figures);

struct OverlapChartInput {
  const Trace* trace = nullptr;
  std::vector<DeviceOverlap> devices;
  std::optional<TimeRange> window;  ///< what the figures are cut to; shown in the title
  bool awaited = false;             ///< a trace is open, its analysis is not there yet
};

/// Where the bars were drawn and where exposed communication is, to map clicks
/// and tooltips.
struct OverlapChartHit {
  struct Part {
    QRectF rect;
    QString text;  ///< what it is and how long, for a tooltip
  };
  DeviceKey key;
  QRectF bar, exposed;
  std::vector<Part> parts;
};

/// Draws title, legend and bars into `area`.
std::vector<OverlapChartHit> paint_overlap_chart(QPainter& painter, const QRectF& area,
                                                 const OverlapChartInput& input,
                                                 const Theme& theme);
/// The figures of every device, those that have no room in the picture as well, in words.
QString overlap_summary(const OverlapChartInput& input);

}  // namespace moescope
