#include "views/timeline/overview_strip.h"

#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "views/common/positions.h"
#include "views/common/theme.h"
#include "views/common/units.h"
#include "views/plot/axis/zoom_keys.h"
#include "views/timeline/lanes/lane_raster.h"
#include "views/timeline/loss_marks.h"

namespace moescope {
namespace {
constexpr double kGripWidth = 6;
constexpr int kGrownMs = 500;  // between pictures of a trace that is recorded
}  // namespace

OverviewStrip::OverviewStrip(TimelineScene& scene, QWidget* parent)
    : QWidget(parent), scene_(scene), gestures_(scene.selection(), [this] { return axis(); }) {
  setMouseTracking(true);
  setAttribute(Qt::WA_OpaquePaintEvent);
  setAccessibleName(tr("Overview of the whole trace"));
  setFocusPolicy(Qt::TabFocus);  // to zoom, pan and resize it by keys
  setToolTip(
      tr("The whole trace: mean share over the devices of compute only, compute with "
         "communication, and, at the bottom, communication only (exposed). Drag the window to pan, "
         "its "
         "edges to resize it, elsewhere to choose a range."));
  delay_.setSingleShot(true);
  connect(&delay_, &QTimer::timeout, this, &OverviewStrip::startWork);
  connect(&scene, &TimelineScene::dataChanged, this, &OverviewStrip::refresh);
  connect(&scene.selection(), &Selection::processFilterChanged, this, &OverviewStrip::refresh);
  connect(&scene.selection(), &Selection::fullChanged, this, [this] {
    if (!delay_.isActive()) delay_.start(kGrownMs);
    update();
  });
  connect(&scene.selection(), &Selection::rangeChanged, this, [this] {
    if (windowRect() != window_shown_) update();
  });
  connect(&scene.selection(), &Selection::cursorChanged, this, &OverviewStrip::moveCursor);
}

TimeAxis OverviewStrip::axis() const {
  if (!scene_.hasTrace()) return {};
  return {scene_.selection().full(), rect(), devicePixelRatioF()};
}

/// On whole device pixels: a pan of less moves nothing here.
QRectF OverviewStrip::windowRect() const {
  const TimeAxis pixels = axis();
  const TimeRange range = scene_.selection().range();
  const double ratio = devicePixelRatioF();
  const auto snapped = [&](TimeNs time) { return std::round(pixels.x(time) * ratio) / ratio; };
  const double left = snapped(range.begin);
  return {left, 0, std::max(snapped(range.end) - left, 2.0), static_cast<double>(height())};
}

QRect OverviewStrip::cursorRect() const {
  const auto cursor = scene_.selection().cursor();
  if (!cursor) return {};
  return {axis().column(*cursor), 0, 1, height()};
}

void OverviewStrip::moveCursor() {
  update(cursor_shown_);
  cursor_shown_ = cursorRect();
  update(cursor_shown_);
}

void OverviewStrip::resizeEvent(QResizeEvent*) {
  refresh();
}

void OverviewStrip::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) {
    render();
    update();
  }
  QWidget::changeEvent(event);
}

namespace {

/// What the strip is made of; owned, so that a thread may work on it.
struct OverviewInput {
  TracePtr trace;
  TimelineLooksPtr looks;
  std::vector<TrackId> tracks;
  std::optional<ProcessId> filter;
  PixelMap pixels;
};

void stack_ribbons(const OverviewInput& input, Progress& progress,
                   std::vector<RibbonShares>& mean) {
  std::vector<RibbonShares> shares;
  float devices = 0;
  for (const auto& [key, ribbon] : input.looks->ribbons) {
    if (input.filter && *input.filter != key.process) continue;
    progress.check();
    ribbon.columns(input.pixels, shares);
    devices += 1;
    for (std::size_t i = 0; i < mean.size(); ++i) {
      mean[i].compute += shares[i].compute;
      mean[i].both += shares[i].both;
      mean[i].exposed += shares[i].exposed;
    }
  }
  devices = std::max(devices, 1.0F);
  for (auto& share : mean)
    share = {share.compute / devices, share.both / devices, share.exposed / devices};
}

void stack_busy(const OverviewInput& input, Progress& progress, std::vector<RibbonShares>& mean) {
  CellAccumulator accumulator;
  LaneCells cells;
  const int shift = shift_for(input.pixels.nsPerPixel());
  for (const TrackId track : input.tracks) {
    const TrackShape shape = read_shape(*input.trace, track);
    const int level = std::max(shift, shape.finestShift(0));
    std::vector<BucketTilePtr> tiles;
    const TimeNs last = input.trace->range().end >> tile_shift(level);
    for (std::int64_t i = 0; level < 63 && i <= last; ++i) {
      progress.check();
      tiles.push_back(read_tile(*input.trace, track, 0, level, i));
    }
    rasterise_buckets(tiles, input.pixels, input.looks->classes, accumulator, cells);
    for (std::size_t i = 0; i < mean.size(); ++i)
      mean[i].compute += static_cast<float>(cells.level[i]) / kFullLevel;
  }
  const auto tracks = std::max(1.0F, static_cast<float>(input.tracks.size()));
  for (auto& share : mean) share.compute /= tracks;
}

Overview work_out(const OverviewInput& input, Progress& progress) {
  Overview overview;
  overview.mean.resize(static_cast<std::size_t>(input.pixels.width()));
  overview.full = input.pixels.range();
  overview.ribbons = !input.looks->ribbons.empty();
  if (overview.ribbons)
    stack_ribbons(input, progress, overview.mean);
  else
    stack_busy(input, progress, overview.mean);
  return overview;
}

}  // namespace

void OverviewStrip::refresh() {
  if (!delay_.isActive() || delay_.interval() > 0) delay_.start(0);
}

void OverviewStrip::startWork() {
  if (!scene_.hasTrace()) {
    shown_ = {};
    render();
    update();
    return;
  }
  if (!scene_.source().prepared()) return;  // dataChanged follows
  OverviewInput input{scene_.trace(), scene_.looks(), {}, scene_.selection().processFilter(), {}};
  const auto& tracks = input.trace->tracks();
  for (const TrackId track : scene_.rows().trackOrder())
    if (!input.filter || tracks[track].process == *input.filter) input.tracks.push_back(track);
  input.pixels =
      PixelMap::on_grid(scene_.selection().full(), static_cast<int>(width() * devicePixelRatioF()));
  job_.start(
      tr("Overview"),
      [input = std::move(input)](Progress& progress) { return work_out(input, progress); },
      [this](const Overview& overview) {
        shown_ = overview;
        render();
        update();
        summary_changed(*this);
      });
}

void OverviewStrip::render() {
  const Theme& theme = Theme::of(palette());
  const int columns = std::max(1, static_cast<int>(shown_.mean.size()));
  const int rows = std::max(1, static_cast<int>(height() * devicePixelRatioF()));
  picture_ = QImage(columns, rows, QImage::Format_RGB32);
  picture_.fill(theme.alternate);
  const QRgb compute =
      shown_.ribbons ? theme.ribbon_compute.rgb() : theme.color(SpanClass::Host).rgb();
  const auto height = static_cast<float>(rows - 2);
  for (int y = 0; y < rows; ++y) {
    auto* line = reinterpret_cast<QRgb*>(picture_.scanLine(y));
    const auto level = static_cast<float>(rows - y - 1);
    for (std::size_t x = 0; x < shown_.mean.size(); ++x) {
      const auto& s = shown_.mean[x];
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
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  if (picture_.isNull()) render();
  const TimeAxis pixels = axis();
  // Of another width, or of a trace that grew: stretched until the right one is ready.
  const double left = pixels.x(shown_.full.begin), right = pixels.x(shown_.full.end);
  painter.fillRect(rect(), theme.alternate);
  if (right > left) painter.drawImage(QRectF(left, 0, right - left, height()), picture_);
  if (!scene_.hasTrace()) return;
  window_shown_ = windowRect();
  const double x0 = window_shown_.left(), x1 = window_shown_.right();
  QColor veil = theme.background;
  veil.setAlpha(170);
  painter.fillRect(QRectF(0, 0, x0, height()), veil);
  painter.fillRect(QRectF(x1, 0, width() - x1, height()), veil);
  paint_loss_band(painter, *scene_.trace(), QRectF(0, height() - 5, width(), 5), pixels.map(),
                  theme);
  painter.setPen(QPen(theme.text, 1));
  painter.drawRect(QRectF(x0, 0, x1 - x0 - 1, height() - 1));
  if (x1 - x0 > 3 * kGripWidth) {
    painter.fillRect(QRectF(x0, height() / 2.0 - 8, 4, 16), theme.text);
    painter.fillRect(QRectF(x1 - 4, height() / 2.0 - 8, 4, 16), theme.text);
  }
  cursor_shown_ = cursorRect();
  QColor line = theme.cursor;
  line.setAlpha(150);
  painter.fillRect(cursor_shown_, line);
  if (!hasFocus()) return;
  painter.setPen(QPen(theme.selection, 2));
  painter.drawRect(rect().adjusted(1, 1, -1, -1));
}

OverviewStrip::Grip OverviewStrip::gripAt(double x) const {
  const TimeAxis pixels = axis();
  const TimeRange range = scene_.selection().range();
  const double x0 = pixels.x(range.begin), x1 = pixels.x(range.end);
  if (x1 - x0 > 2 * kGripWidth || x < x0 || x > x1) {
    if (std::abs(x - x0) <= kGripWidth) return Grip::Left;
    if (std::abs(x - x1) <= kGripWidth) return Grip::Right;
  }
  // The window of the whole trace cannot move: a drag in it chooses a range.
  const bool all = range == scene_.selection().full();
  return x > x0 && x < x1 && !all ? Grip::Window : Grip::New;
}

void OverviewStrip::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || !scene_.hasTrace()) return;
  press_x_ = event->position().x();
  press_range_ = scene_.selection().range();
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
  const TimeAxis pixels = axis();
  const TimeNs now = pixels.time(x), moved = now - pixels.time(press_x_);
  TimeRange range = press_range_;
  switch (grip_) {
    case Grip::Window:
      range = {range.begin + moved, range.end + moved};
      break;
    case Grip::Left:
      range.begin = std::min(now, range.end - Selection::kMinRange);
      break;
    case Grip::Right:
      range.end = std::max(now, range.begin + Selection::kMinRange);
      break;
    case Grip::New:
      if (std::abs(x - press_x_) < kDragDistance) return;
      range = {std::min(now, now - moved), std::max(now, now - moved)};
      break;
    case Grip::None:
      return;
  }
  scene_.selection().setRange(range);
}

void OverviewStrip::mouseReleaseEvent(QMouseEvent* event) {
  if (grip_ == Grip::New && std::abs(event->position().x() - press_x_) < kDragDistance) {
    const TimeNs centre = axis().time(press_x_), half = press_range_.length() / 2;
    scene_.selection().setRange({centre - half, centre - half + press_range_.length()});
  }
  grip_ = Grip::None;
}

void OverviewStrip::mouseDoubleClickEvent(QMouseEvent* event) {
  gestures_.doubleClick(event->position());
}

void OverviewStrip::wheelEvent(QWheelEvent* event) {
  gestures_.wheel(event->position(), notches_of(*event), event->modifiers());
  event->accept();
}

QString OverviewStrip::summary() const {
  if (!scene_.hasTrace()) return tr("No trace is open.");
  const auto& selection = scene_.selection();
  const QString ranges = tr("Whole trace %1, visible range %2.")
                             .arg(format_range(selection.full()), format_range(selection.range()));
  if (shown_.mean.empty()) return ranges;
  RibbonShares sum;
  for (const RibbonShares& share : shown_.mean) {
    sum.compute += share.compute;
    sum.both += share.both;
    sum.exposed += share.exposed;
  }
  const auto percent = [this](float of) {
    return format_percent(100.0 * static_cast<double>(of) /
                          static_cast<double>(shown_.mean.size()));
  };
  if (!shown_.ribbons)
    return tr("%1 Threads are busy %2 of the time.").arg(ranges, percent(sum.compute));
  return tr("%1 Mean over the devices: compute only %2, compute with communication %3, "
            "communication only (exposed) %4 of the time.")
      .arg(ranges, percent(sum.compute), percent(sum.both), percent(sum.exposed));
}

}  // namespace moescope
