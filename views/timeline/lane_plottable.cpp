#include "views/timeline/lane_plottable.h"

#include <QElapsedTimer>
#include <QLoggingCategory>

#include "views/timeline/lane_raster.h"

namespace moescope {

Q_LOGGING_CATEGORY(frames, "moescope.timeline.frames", QtWarningMsg)

LanePlottable::LanePlottable(QCPAxis* key_axis, QCPAxis* value_axis, TimelineScene& scene)
    : QCPAbstractPlottable(key_axis, value_axis), scene_(scene), theme_(Theme::light()) {
  setSelectable(QCP::stNone);
  connect(&scene, &TimelineScene::dataChanged, this, [this](bool all) {
    renderer_.invalidate(all);
    if (all) labels_.clear();
  });
}

void LanePlottable::setTheme(const Theme& theme) {
  theme_ = theme;
}

QCPRange LanePlottable::getKeyRange(bool& found, QCP::SignDomain) const {
  found = scene_.hasTrace();
  const TimeRange range = found ? scene_.trace()->range() : TimeRange{0, 1};
  return {static_cast<double>(range.begin), static_cast<double>(range.end)};
}

QCPRange LanePlottable::getValueRange(bool& found, QCP::SignDomain, const QCPRange&) const {
  found = true;
  return {0, 1};
}

void LanePlottable::draw(QCPPainter* painter) {
  if (!scene_.hasTrace()) return;
  QElapsedTimer timer;
  timer.start();
  const QRect area = clipRect();
  const bool vector = painter->modes().testFlag(QCPPainter::pmVectorized);
  LaneCanvas canvas;
  canvas.range = scene_.context().range();
  canvas.size = area.size();
  canvas.dpr = vector ? 1 : painter->device()->devicePixelRatioF();
  canvas.theme = theme_;
  canvas.ticks = ticks_;
  renderer_.prepare(scene_.content(), canvas, kMinLabelColumns);
  painter->save();
  painter->translate(area.topLeft());
  if (vector)
    renderer_.drawVector(*painter);
  else
    painter->drawImage(QPointF(0, 0), renderer_.image());
  labels_.setFont(parentPlot()->font());
  renderer_.drawLabels(*painter, labels_);
  painter->restore();
  last_draw_ms_ = static_cast<double>(timer.nsecsElapsed()) / 1e6;
  qCDebug(frames) << "lanes drawn in" << last_draw_ms_ << "ms";
}

}  // namespace moescope
