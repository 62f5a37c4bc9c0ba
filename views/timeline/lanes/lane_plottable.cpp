#include "views/timeline/lanes/lane_plottable.h"

#include <QElapsedTimer>
#include <QLoggingCategory>

#include "views/timeline/lanes/lane_raster.h"

namespace moescope {

Q_LOGGING_CATEGORY(frames, "moescope.timeline.frames", QtWarningMsg)

LanePlottable::LanePlottable(QCPAxis* key_axis, QCPAxis* value_axis, TimelineScene& scene)
    : QCPAbstractPlottable(key_axis, value_axis), scene_(scene), theme_(Theme::light()) {
  setSelectable(QCP::stNone);
  connect(&scene, &TimelineScene::dataChanged, this, [this](bool all) {
    renderer_.invalidate(all);
    if (all) labels_.clear();
  });
  for (const auto change : {&TimelineScene::dataGrown, &TimelineScene::foundChanged})
    connect(&scene, change, this, [this] { renderer_.refresh(); });
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

void LanePlottable::prepare(QSize size, double dpr) {
  if (!scene_.hasTrace()) return;
  QElapsedTimer timer;
  timer.start();
  renderer_.prepare(scene_.content(), {scene_.selection().range(), size, dpr, theme_, ticks_},
                    kMinLabelColumns);
  labels_.setFont(parentPlot()->font());
  picture_.update(renderer_, labels_);
  qCDebug(frames) << "lanes drawn in" << static_cast<double>(timer.nsecsElapsed()) / 1e6 << "ms";
}

void LanePlottable::draw(QCPPainter* painter) {
  if (!scene_.hasTrace() || !painter->modes().testFlag(QCPPainter::pmVectorized)) return;
  const QRect area = clipRect();
  LaneRenderer renderer;
  renderer.prepare(scene_.content(), {scene_.selection().range(), area.size(), 1, theme_, ticks_},
                   kMinLabelColumns);
  painter->save();
  painter->translate(area.topLeft());
  renderer.drawVector(*painter);
  labels_.setFont(parentPlot()->font());
  renderer.drawLabels(*painter, labels_);
  painter->restore();
}

}  // namespace moescope
