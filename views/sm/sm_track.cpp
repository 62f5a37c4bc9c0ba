#include "views/sm/sm_track.h"

#include "views/plot/chart_paint.h"
#include "views/sm/sm_view.h"

namespace moescope {

SmTrack::SmTrack(SmView& view, Selection& selection, QWidget* parent)
    : TimeTrack(QStringLiteral("sm"), tr("SM allocation"), selection, parent), view_(view) {
  connect(&view, &SmView::dataChanged, this, &SmTrack::setChanged);
}

bool SmTrack::hasData() const {
  return !view_.chartInput().devices.empty();
}

/// "Worker allocation" where the ranks ran on a CPU.
QString SmTrack::title() const {
  const SmChartInput input = view_.chartInput();
  if (input.devices.empty()) return TimeTrack::title();
  return processor_names(*input.trace, input.devices.front()->allocation->key).allocation();
}

QString SmTrack::note() const {
  const SmChartInput input = view_.chartInput();
  if (input.devices.empty()) return {};
  const SmAllocation& shown = *input.devices.front()->allocation;
  const QString mark = shown.method == SmMethod::Inferred ? tr("• inferred, ") : QString();
  return tr("%1\n%2scale 0 to %3 %4")
      .arg(device_label(*input.trace, shown.key), mark)
      .arg(shown.sm_count)
      .arg(processor_names(*input.trace, shown.key).many);
}

QString SmTrack::summary() const {
  return view_.summary();
}

TimeAxis SmTrack::paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) {
  const SmChartInput input = view_.chartInput();
  const TimeAxis times = wholeWidth(area, painter);
  if (input.devices.empty() || times.empty()) return {};
  paint_sm_stack(painter, *input.devices.front(), times, theme);
  return times;
}

QString SmTrack::readout(QPointF pos) const {
  return axis().empty() ? QString() : view_.textAt(axis().time(pos.x()));
}

}  // namespace moescope
