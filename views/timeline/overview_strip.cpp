#include "views/timeline/overview_strip.h"

#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "views/common/theme.h"
#include "views/timeline/lane_raster.h"

namespace moescope {
namespace {
constexpr double kGripWidth = 6;
}

OverviewStrip::OverviewStrip(TimelineScene& scene, QWidget* parent)
    : QWidget(parent), scene_(scene) {
  setMouseTracking(true);
  setAttribute(Qt::WA_OpaquePaintEvent);
  setAccessibleName(tr("Overview of the whole trace"));
  setToolTip(
      tr("The whole trace: mean share over the devices of compute only, compute with "
         "communication, and communication only (red: exposed). Drag the window to pan, its "
         "edges to resize it, elsewhere to choose a range."));
  connect(&scene, &TimelineScene::dataChanged, this, [this] {
    stale_ = true;
    update();
  });
  connect(&scene, &TimelineScene::rowsChanged, this, [this] {
    stale_ = true;
    update();
  });
  connect(&scene.context(), &ViewContext::rangeChanged, this, qOverload<>(&QWidget::update));
  connect(&scene.context(), &ViewContext::cursorChanged, this, qOverload<>(&QWidget::update));
}

PixelMap OverviewStrip::map() const {
  return {scene_.context().full(), std::max(1, width())};
}

void OverviewStrip::resizeEvent(QResizeEvent*) {
  stale_ = true;
}

void OverviewStrip::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) {
    stale_ = true;
    update();
  }
  QWidget::changeEvent(event);
}

void OverviewStrip::stackRibbons(const PixelMap& pixels, std::vector<RibbonShares>& mean) const {
  const auto filter = scene_.context().processFilter();
  std::vector<RibbonShares> shares;
  float devices = 0;
  for (const auto& [key, ribbon] : scene_.ribbons()) {
    if (filter && *filter != key.process) continue;
    ribbon.columns(pixels, shares);
    devices += 1;
    for (std::size_t i = 0; i < mean.size(); ++i) {
      mean[i].compute += shares[i].compute;
      mean[i].both += shares[i].both;
      mean[i].exposed += shares[i].exposed;
    }
  }
  for (auto& share : mean)
    share = {share.compute / devices, share.both / devices, share.exposed / devices};
}

void OverviewStrip::stackBusy(const PixelMap& pixels, std::vector<RibbonShares>& mean) const {
  CellAccumulator accumulator;
  LaneCells cells;
  float tracks = 0;
  for (TrackId track = 0; track < scene_.trace()->tracks().size(); ++track) {
    const auto summary = scene_.source().summary(track);
    const auto* level = summary ? level_for(*summary, 0, pixels.nsPerPixel()) : nullptr;
    if (!level) continue;
    tracks += 1;
    rasterise_summary(*level, pixels, scene_.classes(), accumulator, cells);
    for (std::size_t i = 0; i < mean.size(); ++i)
      mean[i].compute += static_cast<float>(cells.level[i]) / kFullLevel;
  }
  for (auto& share : mean) share.compute /= std::max(1.0F, tracks);
}

void OverviewStrip::render() {
  stale_ = false;
  const Theme& theme = Theme::of(palette());
  const double dpr = devicePixelRatioF();
  const QSize size(std::max(1, static_cast<int>(width() * dpr)),
                   std::max(1, static_cast<int>(height() * dpr)));
  if (picture_.size() != size) picture_ = QImage(size, QImage::Format_RGB32);
  picture_.setDevicePixelRatio(dpr);
  picture_.fill(theme.alternate);
  if (!scene_.hasTrace()) return;
  const PixelMap pixels(scene_.context().full(), size.width());
  std::vector<RibbonShares> mean(static_cast<std::size_t>(size.width()));
  const bool ribbons = !scene_.ribbons().empty();
  if (ribbons)
    stackRibbons(pixels, mean);
  else
    stackBusy(pixels, mean);
  const QRgb compute = ribbons ? theme.ribbon_compute.rgb() : theme.color(SpanClass::Host).rgb();
  const float height = static_cast<float>(size.height() - 2 * dpr);
  for (int y = 0; y < size.height(); ++y) {
    auto* line = reinterpret_cast<QRgb*>(picture_.scanLine(y));
    const float level = static_cast<float>(size.height() - y) - static_cast<float>(dpr);
    for (std::size_t x = 0; x < mean.size(); ++x) {
      const auto& s = mean[x];
      // Exposed at the bottom, where its height is read from the base line.
      if (level <= s.exposed * height)
        line[x] = theme.ribbon_exposed.rgb();
      else if (level <= (s.exposed + s.both) * height)
        line[x] = theme.ribbon_both.rgb();
      else if (level <= (s.exposed + s.both + s.compute) * height)
        line[x] = compute;
    }
  }
}

void OverviewStrip::paintEvent(QPaintEvent*) {
  if (stale_ || picture_.devicePixelRatio() != devicePixelRatioF()) render();
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.drawImage(0, 0, picture_);
  if (!scene_.hasTrace()) return;
  const PixelMap pixels = map();
  const TimeRange range = scene_.context().range();
  const double x0 = pixels.x(range.begin), x1 = std::max(pixels.x(range.end), x0 + 2);
  QColor veil = theme.background;
  veil.setAlpha(170);
  painter.fillRect(QRectF(0, 0, x0, height()), veil);
  painter.fillRect(QRectF(x1, 0, width() - x1, height()), veil);
  painter.setPen(QPen(theme.text, 1));
  painter.drawRect(QRectF(x0, 0, x1 - x0 - 1, height() - 1));
  if (x1 - x0 > 3 * kGripWidth) {
    painter.fillRect(QRectF(x0, height() / 2.0 - 8, 4, 16), theme.text);
    painter.fillRect(QRectF(x1 - 4, height() / 2.0 - 8, 4, 16), theme.text);
  }
  if (const auto cursor = scene_.context().cursor()) {
    QColor line = theme.cursor;
    line.setAlpha(150);
    painter.setPen(line);
    const double x = std::floor(pixels.x(*cursor));
    painter.drawLine(QPointF(x, 0), QPointF(x, height()));
  }
}

OverviewStrip::Grip OverviewStrip::gripAt(double x) const {
  const PixelMap pixels = map();
  const TimeRange range = scene_.context().range();
  const double x0 = pixels.x(range.begin), x1 = pixels.x(range.end);
  if (x1 - x0 > 2 * kGripWidth || x < x0 || x > x1) {
    if (std::abs(x - x0) <= kGripWidth) return Grip::Left;
    if (std::abs(x - x1) <= kGripWidth) return Grip::Right;
  }
  // The window of the whole trace cannot move: a drag in it chooses a range.
  const bool all = range == scene_.context().full();
  return x > x0 && x < x1 && !all ? Grip::Window : Grip::New;
}

void OverviewStrip::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || !scene_.hasTrace()) return;
  press_x_ = event->position().x();
  press_range_ = scene_.context().range();
  grip_ = gripAt(press_x_);
}

void OverviewStrip::mouseMoveEvent(QMouseEvent* event) {
  const double x = event->position().x();
  if (grip_ == Grip::None) {
    const Grip grip = scene_.hasTrace() ? gripAt(x) : Grip::None;
    setCursor(grip == Grip::Left || grip == Grip::Right ? Qt::SizeHorCursor
              : grip == Grip::Window                    ? Qt::OpenHandCursor
                                                        : Qt::ArrowCursor);
    return;
  }
  const PixelMap pixels = map();
  const TimeRange full = scene_.context().full();
  const TimeNs now = std::clamp(pixels.time(x), full.begin, full.end);
  const TimeNs moved = now - std::clamp(pixels.time(press_x_), full.begin, full.end);
  TimeRange range = press_range_;
  switch (grip_) {
    case Grip::Window:
      range = {range.begin + moved, range.end + moved};
      break;
    case Grip::Left:
      range.begin = std::min(now, range.end - ViewContext::kMinRange);
      break;
    case Grip::Right:
      range.end = std::max(now, range.begin + ViewContext::kMinRange);
      break;
    case Grip::New:
      if (std::abs(x - press_x_) < 3) return;
      range = {std::min(now, now - moved), std::max(now, now - moved)};
      break;
    case Grip::None:
      return;
  }
  scene_.context().setRange(range);
}

void OverviewStrip::mouseReleaseEvent(QMouseEvent* event) {
  if (grip_ == Grip::New && std::abs(event->position().x() - press_x_) < 3) {
    const TimeNs centre = map().time(press_x_), half = press_range_.length() / 2;
    scene_.context().setRange({centre - half, centre - half + press_range_.length()});
  }
  grip_ = Grip::None;
}

void OverviewStrip::mouseDoubleClickEvent(QMouseEvent*) {
  scene_.context().fit();
}

void OverviewStrip::wheelEvent(QWheelEvent* event) {
  if (scene_.hasTrace())
    scene_.context().zoom(std::pow(0.8, event->angleDelta().y() / 120.0),
                          map().time(event->position().x()));
  event->accept();
}

}  // namespace moescope
