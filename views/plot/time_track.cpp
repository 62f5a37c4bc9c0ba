#include "views/plot/time_track.h"

#include <QPainter>

namespace moescope {
namespace {
constexpr int kLeastHeight = 40;  // logical pixels
}

TimeTrack::TimeTrack(const QString& id, const QString& title, Selection& selection, QWidget* parent)
    : TimeCanvas(selection, parent), id_(id), title_(title), selection_(selection) {
  setObjectName("track." + id);
  setAccessibleName(title);
  setMinimumHeight(kLeastHeight);
}

void TimeTrack::setChanged() {
  refresh();
  Q_EMIT dataChanged();
}

TimeAxis TimeTrack::wholeWidth(const QRectF& area, const QPainter& painter) const {
  return TimeAxis(selection_.range(), area.toRect().adjusted(0, 1, 0, 0),
                  painter.device()->devicePixelRatioF());
}

void TimeTrack::prepareStrip(PlotPanel& panel, const TimeAxis& times, double low, double high) {
  panel.setTimesUnlabelled(times);
  ValueAxis axis;
  axis.low = low;
  axis.high = high;
  axis.label = [](double) { return QString(); };
  panel.setValues(PlotPanel::Side::Left, axis);
}

}  // namespace moescope
