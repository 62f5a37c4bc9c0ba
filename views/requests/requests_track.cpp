#include "views/requests/requests_track.h"

#include <QPainter>

#include "views/common/units.h"
#include "views/requests/requests_view.h"

namespace moescope {

RequestsTrack::RequestsTrack(RequestsView& view, Selection& selection, QWidget* parent)
    : TimeTrack(QStringLiteral("requests"), tr("Requests"), selection, parent), view_(view) {
  connect(&view, &RequestsView::dataChanged, this, &RequestsTrack::setChanged);
}

bool RequestsTrack::hasData() const {
  return !view_.chartInput().windows.empty();
}

QString RequestsTrack::note() const {
  return tr("tokens/s: output, dashed: prompt\n× request that missed a target\nscale 0 to %1")
      .arg(format_count(static_cast<quint64>(throughput_scale(view_.chartInput()))));
}

QString RequestsTrack::summary() const {
  return requests_summary(view_.chartInput());
}

TimeAxis RequestsTrack::paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) {
  const RequestsChartInput input = view_.chartInput();
  const TimeAxis times = wholeWidth(area, painter);
  if (input.windows.empty() || times.empty()) return {};
  PlotPanel panel(times.plot(), painter.font(), theme);
  const double high = throughput_scale(input) * 1.04;
  prepareStrip(panel, times, 0, high);
  add_throughput_lines(panel, input, theme);
  QVector<double> missed, at_top;
  for (const ServedRequest& request : input.serving->requests) {
    if (within_targets(request, input.targets)) continue;
    missed.push_back(static_cast<double>(request.done));
    at_top.push_back(high * 0.9);
  }
  panel.addMarks(missed, at_top, PlotPanel::Mark::Cross, 6, theme.text);
  panel.draw(painter);
  return times;
}

QString RequestsTrack::readout(QPointF pos) const {
  return axis().empty() ? QString() : requests_text_at(view_.chartInput(), axis().time(pos.x()));
}

}  // namespace moescope
