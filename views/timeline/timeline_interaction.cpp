#include "views/timeline/timeline_interaction.h"

#include <algorithm>
#include <cmath>

namespace moescope {
namespace {

constexpr double kDragDistance = 4;   // pixels before a press becomes a drag
constexpr double kSnapPixels = 10;    // reach of measuring's snap
constexpr double kZoomPerStep = 0.8;  // of the visible length, a wheel notch
constexpr double kPanPerStep = 0.1;
constexpr int kScrollPerStep = 3;  // lanes

TimeRange ordered(TimeNs a, TimeNs b) {
  return {std::min(a, b), std::max(a, b)};
}

}  // namespace

TimelineInteraction::TimelineInteraction(TimelineScene& scene, QObject* parent)
    : QObject(parent), scene_(scene) {
  connect(&scene, &TimelineScene::dataChanged, this, [this] {
    if (inside_ && mode_ == Mode::None && scene_.hasTrace()) hover(pointer_);
  });
  connect(&scene.document(), &TraceDocument::traceChanged, this, [this] {
    ++asked_;
    mode_ = Mode::None;
    dragged_area_.reset();
    dragged_zoom_.reset();
    hovered_row_.reset();
    setMeasuring(false);
  });
}

TimeNs TimelineInteraction::timeAt(double x) const {
  const TimeRange range = scene_.selection().range();
  return std::clamp(scene_.map().time(x), range.begin, range.end);
}

void TimelineInteraction::press(QPointF pos, Qt::MouseButton button,
                                Qt::KeyboardModifiers modifiers) {
  if (!scene_.hasTrace()) return;
  ++asked_;
  press_pos_ = pointer_ = pos;
  press_range_ = scene_.selection().range();
  press_scroll_ = scene_.layout().scroll();
  if (button == Qt::MiddleButton) {
    drag_mode_ = mode_ = Mode::Pan;
    return;
  }
  if (button != Qt::LeftButton) return;
  if (measure_.active()) {
    measure_.fix(snapped(pos));
    drag_mode_ = mode_ = Mode::Measure;
    Q_EMIT overlayChanged();
    return;
  }
  mode_ = Mode::Pressed;
  if (pos.y() < 0 || (modifiers & Qt::ControlModifier))
    drag_mode_ = Mode::Zoom;
  else
    drag_mode_ = modifiers & Qt::ShiftModifier ? Mode::Pan : Mode::Area;
}

void TimelineInteraction::move(QPointF pos, Qt::MouseButtons buttons) {
  pointer_ = pos;
  inside_ = true;
  if (!scene_.hasTrace()) return;
  if (mode_ == Mode::Pressed && buttons != Qt::NoButton &&
      (pos - press_pos_).manhattanLength() >= kDragDistance)
    mode_ = drag_mode_;
  if (mode_ == Mode::None || mode_ == Mode::Pressed)
    hover(pos);
  else
    dragTo(pos);
}

void TimelineInteraction::dragTo(QPointF pos) {
  auto& selection = scene_.selection();
  switch (mode_) {
    case Mode::Pan: {
      const double ns = (pos.x() - press_pos_.x()) * static_cast<double>(press_range_.length()) /
                        std::max(1, scene_.viewport().width());
      const auto shift = static_cast<TimeNs>(std::llround(ns));
      selection.setRange({press_range_.begin - shift, press_range_.end - shift});
      scene_.setScroll(press_scroll_ - static_cast<int>(pos.y() - press_pos_.y()));
      return;
    }
    case Mode::Area:
      dragged_area_ = areaBetween(press_pos_, pos);
      break;
    case Mode::Zoom:
      dragged_zoom_ = ordered(timeAt(press_pos_.x()), timeAt(pos.x()));
      break;
    case Mode::Measure:
      measure_.moveTo(snapped(pos));
      break;
    case Mode::None:
    case Mode::Pressed:
      break;
  }
  selection.setCursor(timeAt(pos.x()));
  Q_EMIT overlayChanged();
}

void TimelineInteraction::hover(QPointF pos) {
  auto& selection = scene_.selection();
  selection.setCursor(timeAt(pos.x()));
  if (measure_.active()) {
    measure_.moveTo(snapped(pos));
    Q_EMIT overlayChanged();
  }
  const auto found = pos.y() >= 0 ? scene_.spanAt(pos) : std::nullopt;
  selection.setHovered(found ? found->ref : SpanRef{});
  const RowHit hit = scene_.layout().at(static_cast<int>(pos.y()));
  setHoveredRow(hit.row ? std::optional(hit.row->key) : std::nullopt);
}

void TimelineInteraction::setHoveredRow(std::optional<RowKey> row) {
  if (row == hovered_row_) return;
  hovered_row_ = row;
  Q_EMIT hoveredRowChanged();
}

void TimelineInteraction::release(QPointF pos, Qt::MouseButton button,
                                  Qt::KeyboardModifiers modifiers) {
  const Mode mode = mode_;
  mode_ = Mode::None;
  auto& selection = scene_.selection();
  if (mode == Mode::Pressed && button == Qt::LeftButton) click(pos, modifiers);
  if (mode == Mode::Area) selection.setArea(areaBetween(press_pos_, pos));
  if (mode == Mode::Zoom && dragged_zoom_ && !dragged_zoom_->empty())
    selection.setRange(*dragged_zoom_);
  // A measure is dragged from the first point to the second, or clicked twice.
  if (mode == Mode::Measure && measure_.fixedPoints() == 1 &&
      (pos - press_pos_).manhattanLength() >= kDragDistance)
    measure_.fix(snapped(pos));
  dragged_area_.reset();
  dragged_zoom_.reset();
  Q_EMIT overlayChanged();
}

void TimelineInteraction::click(QPointF pos, Qt::KeyboardModifiers modifiers) {
  if (pos.y() < 0) return;
  const bool extend = modifiers & Qt::ControlModifier;
  const RowHit hit = scene_.layout().at(static_cast<int>(pos.y()));
  if (hit.row && hit.row->key.kind == RowKind::Ribbon) {
    clickRibbon(*hit.row, timeAt(pos.x()));
    return;
  }
  scene_.findSpanAt(pos, [this, extend, asked = ++asked_](const std::optional<FoundSpan>& found) {
    if (asked != asked_) return;  // the user went on while the file was read
    auto& selection = scene_.selection();
    if (found) {
      selection.selectSpan(found->ref, extend);
    } else if (!extend) {
      selection.setArea({});
      if (!selection.selectedSpans().empty()) selection.selectSpan({});
    }
  });
}

void TimelineInteraction::clickRibbon(const TimelineRow& row, TimeNs time) {
  const auto it = scene_.ribbons().find({row.key.process, row.key.device});
  if (it == scene_.ribbons().end()) return;
  const TimeRange full = scene_.selection().full();
  TimeRange stretch = it->second.stretch(time);
  stretch = {std::max(stretch.begin, full.begin), std::min(stretch.end, full.end)};
  AreaSelection area{stretch, {}};
  const auto& tracks = scene_.trace()->tracks();
  for (TrackId track = 0; track < tracks.size(); ++track)
    if (tracks[track].process == row.key.process && tracks[track].device == row.key.device)
      area.tracks.push_back(track);
  scene_.selection().setArea(std::move(area));
}

void TimelineInteraction::doubleClick(QPointF pos) {
  if (!scene_.hasTrace() || measure_.active()) return;
  mode_ = Mode::None;
  if (pos.y() < 0) {
    scene_.selection().fit();
    return;
  }
  scene_.findSpanAt(pos, [this, asked = ++asked_](const std::optional<FoundSpan>& found) {
    if (asked != asked_) return;
    if (found)
      fitSpan(*found);
    else
      scene_.selection().fit();
  });
}

void TimelineInteraction::fitSpan(const FoundSpan& found) {
  scene_.selection().selectSpan(found.ref);
  const TimeNs margin = std::max<TimeNs>(found.span.duration / 10, Selection::kMinRange);
  const TimeNs far = std::numeric_limits<TimeNs>::max();
  const TimeNs end = std::min(found.span.end(), far - margin);
  scene_.selection().setRange({PixelMap::difference(found.span.start, margin), end + margin});
}

void TimelineInteraction::wheel(QPointF pos, QPointF steps, Qt::KeyboardModifiers modifiers) {
  if (!scene_.hasTrace()) return;
  auto& selection = scene_.selection();
  if (modifiers & Qt::ControlModifier) {
    selection.zoom(std::pow(kZoomPerStep, steps.y()), timeAt(pos.x()));
    return;
  }
  const bool shift = modifiers & Qt::ShiftModifier;
  const double sideways = steps.x() + (shift ? steps.y() : 0);
  if (sideways != 0) selection.pan(-kPanPerStep * sideways);
  if (!shift && steps.y() != 0)
    scene_.setScroll(
        scene_.layout().scroll() -
        static_cast<int>(std::lround(steps.y() * kScrollPerStep * RowLayout::kLaneHeight)));
  if (mode_ == Mode::None && inside_) hover(pos);
}

void TimelineInteraction::leave() {
  inside_ = false;
  if (mode_ != Mode::None) return;
  scene_.selection().setCursor({});
  scene_.selection().setHovered({});
  setHoveredRow({});
}

AreaSelection TimelineInteraction::areaBetween(QPointF a, QPointF b) const {
  AreaSelection area{ordered(timeAt(a.x()), timeAt(b.x())), {}};
  const auto& layout = scene_.layout();
  const double top = std::min(a.y(), b.y()), bottom = std::max(a.y(), b.y());
  for (const auto& placed : layout.placed()) {
    const bool touched = placed.y + placed.height > top && layout.top(placed) <= bottom;
    if (touched && placed.row->key.kind == RowKind::Track)
      area.tracks.push_back(placed.row->key.track);
  }
  return area;
}

TimeNs TimelineInteraction::snapped(QPointF pos) {
  const TimeNs time = timeAt(pos.x());
  const RowHit hit = scene_.layout().at(static_cast<int>(pos.y()));
  if (!hit.row || hit.row->key.kind != RowKind::Track) return time;
  const auto tolerance =
      static_cast<TimeNs>(std::min(scene_.map().nsPerPixel() * kSnapPixels, 1e18));
  bool complete = false;
  const auto chunks = scene_.source().chunks(
      hit.row->key.track,
      {PixelMap::difference(time, tolerance), PixelMap::difference(time, -tolerance - 1)},
      &complete);
  return nearest_edge(chunks, std::max(hit.lane, 0), time, tolerance).value_or(time);
}

void TimelineInteraction::setMeasuring(bool on) {
  if (on == measure_.active()) return;
  if (on)
    measure_.start();
  else
    measure_.stop();
  if (on && inside_ && scene_.hasTrace()) measure_.moveTo(snapped(pointer_));
  Q_EMIT measuringChanged(on);
  Q_EMIT overlayChanged();
}

bool TimelineInteraction::stepBack() {
  if (mode_ != Mode::None && mode_ != Mode::Measure) {
    if (mode_ == Mode::Pan) scene_.selection().setRange(press_range_);
    mode_ = Mode::None;
    dragged_area_.reset();
    dragged_zoom_.reset();
    Q_EMIT overlayChanged();
    return true;
  }
  if (!measure_.active()) return false;
  mode_ = Mode::None;
  setMeasuring(false);
  return true;
}

Qt::CursorShape TimelineInteraction::shape() const {
  if (measure_.active()) return Qt::CrossCursor;
  if (mode_ == Mode::Pan) return Qt::ClosedHandCursor;
  if (mode_ == Mode::Zoom || (pointer_.y() < 0 && inside_)) return Qt::SizeHorCursor;
  return Qt::ArrowCursor;
}

}  // namespace moescope
