#include "views/overlap/overlap_file_chart.h"

#include "views/overlap/figures.h"
#include "views/plot/chart_paint.h"

namespace moescope {

OverlapFileChart::OverlapFileChart(TracePtr trace, OverlapChartInput input)
    : trace_(std::move(trace)), input_(std::move(input)) {}

void OverlapFileChart::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  paint_overlap_chart(painter, QRectF(QPointF(0, 0), QSizeF(size)), input_, theme);
}

QString OverlapFileChart::csv() const {
  QString text = "device";
  for (const FigureDefinition& d : figure_definitions()) {
    text += ',' + csv_field(d.unit.isEmpty() ? d.label : d.label + " (" + d.unit + ")");
  }
  text += QStringLiteral(",scope,from (ns),to (ns)\n");
  if (!trace_) return text;
  const TimeRange whole = trace_->range(), shown = input_.window.value_or(whole);
  const QString scope =
      QStringLiteral(",%1,%2,%3\n").arg(csv_scope(shown, whole)).arg(shown.begin).arg(shown.end);
  for (const DeviceOverlap& device : input_.devices) {
    text += csv_field(device_label(*trace_, device.key));
    for (const FigureDefinition& d : figure_definitions()) {
      text += ',' + figure_number(d, device.figures);
    }
    text += scope;
  }
  return text;
}

}  // namespace moescope
