#include "views/timeline/timeline_interaction.h"

#include <algorithm>
#include <cmath>

#include "views/plot/axis/zoom_keys.h"

namespace moescope {
namespace {

constexpr double kSnapPixels = 10;  // reach of measuring's snap
constexpr int kScrollPerNotch = 3;  // lanes

}  // namespace

TimelineInteraction::TimelineInteraction(TimelineScene& scene, QObject* parent)
    : TimeGestures(
          scene.selection(), [&scene] { return scene.hasTrace() ? scene.axis() : TimeAxis(); },
          parent),
      scene_(scene) {
  connect(&scene, &TimelineScene::dataChanged, this, [this] {
    if (pointerInside() && !dragging() && scene_.hasTrace()) hover(pointer());
  });
  connect(&scene.document(), &TraceDocument::traceChanged, this, [this] {
    ++asked_;
    reset();
    hovered_row_.reset();
    setMeasuring(false);
  });
}

TimeGestures::Part TimelineInteraction::partAt(QPointF pos) const {
  return pos.y() < 0 ? Part::Axis : Part::Times;
}

bool TimelineInteraction::ownPress(QPointF pos) {
  if (!measure_.active()) return false;
  measure_.fix(snapped(pos));
  return true;
}

void TimelineInteraction::ownDrag(QPointF pos) {
  measure_.moveTo(snapped(pos));
}

void TimelineInteraction::ownRelease(QPointF pos) {
  // A measure is dragged from the first point to the second, or clicked twice.
  if (measure_.fixedPoints() == 1 && (pos - pressed()).manhattanLength() >= kDragDistance)
    measure_.fix(snapped(pos));
}

void TimelineInteraction::pressBegan() {
  ++asked_;
  press_scroll_ = scene_.layout().scroll();
}

void TimelineInteraction::panned(QPointF by) {
  scene_.setScroll(press_scroll_ - static_cast<int>(by.y()));
}

void TimelineInteraction::hover(QPointF pos) {
  TimeGestures::hover(pos);
  if (measure_.active()) {
    measure_.moveTo(snapped(pos));
    Q_EMIT overlayChanged();
  }
  const auto found = pos.y() >= 0 ? scene_.spanAt(pos) : std::nullopt;
  selection().setHovered(found ? found->ref : SpanRef{});
  const RowHit hit = scene_.layout().at(static_cast<int>(pos.y()));
  setHoveredRow(hit.row ? std::optional(hit.row->key) : std::nullopt);
}

void TimelineInteraction::setHoveredRow(std::optional<RowKey> row) {
  if (row == hovered_row_) return;
  hovered_row_ = row;
  Q_EMIT hoveredRowChanged();
}

void TimelineInteraction::click(QPointF pos, Qt::KeyboardModifiers modifiers) {
  if (pos.y() < 0) return;
  const bool extend = modifiers & Qt::ControlModifier;
  const RowHit hit = scene_.layout().at(static_cast<int>(pos.y()));
  if (hit.row && hit.row->ribbon) {
    clickRibbon(*hit.row->ribbon, timeAt(pos.x()));
    return;
  }
  scene_.findSpanAt(pos, [this, extend, asked = ++asked_](const std::optional<FoundSpan>& found) {
    if (asked != asked_) return;  // the user went on while the file was read
    if (found) {
      selection().selectSpan(found->ref, extend);
    } else if (!extend) {
      selection().setArea({});
      if (!selection().selectedSpans().empty()) selection().selectSpan({});
    }
  });
}

void TimelineInteraction::clickRibbon(const DeviceKey& device, TimeNs time) {
  const auto it = scene_.ribbons().find(device);
  if (it == scene_.ribbons().end()) return;
  const TimeRange full = selection().full();
  TimeRange stretch = it->second.stretch(time);
  stretch = {std::max(stretch.begin, full.begin), std::min(stretch.end, full.end)};
  AreaSelection area{stretch, {}};
  const auto& tracks = scene_.trace()->tracks();
  for (TrackId track = 0; track < tracks.size(); ++track)
    if (tracks[track].process == device.process && tracks[track].device == device.device)
      area.tracks.push_back(track);
  selection().setArea(std::move(area));
}

void TimelineInteraction::doubleClicked(QPointF pos) {
  if (measure_.active()) return;
  if (pos.y() < 0) return TimeGestures::doubleClicked(pos);
  reset();
  scene_.findSpanAt(pos, [this, asked = ++asked_](const std::optional<FoundSpan>& found) {
    if (asked != asked_) return;
    if (found)
      fitSpan(*found);
    else
      selection().fit();
  });
}

void TimelineInteraction::fitSpan(const FoundSpan& found) {
  selection().selectSpan(found.ref);
  const TimeNs margin = std::max<TimeNs>(found.span.duration / 10, Selection::kMinRange);
  const TimeNs far = std::numeric_limits<TimeNs>::max();
  const TimeNs end = std::min(found.span.end(), far - margin);
  selection().setRange({PixelMap::difference(found.span.start, margin), end + margin});
}

bool TimelineInteraction::scroll(double notches) {
  scene_.setScroll(
      scene_.layout().scroll() -
      static_cast<int>(std::lround(notches * kScrollPerNotch * RowLayout::kLaneHeight)));
  return true;
}

void TimelineInteraction::pointerLeft() {
  TimeGestures::pointerLeft();
  selection().setHovered({});
  setHoveredRow({});
}

AreaSelection TimelineInteraction::areaBetween(QPointF a, QPointF b) const {
  AreaSelection area = TimeGestures::areaBetween(a, b);
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
  if (on && pointerInside() && scene_.hasTrace()) measure_.moveTo(snapped(pointer()));
  Q_EMIT measuringChanged(on);
  Q_EMIT overlayChanged();
}

bool TimelineInteraction::stepBack() {
  if (TimeGestures::stepBack()) return true;
  if (!measure_.active()) return false;
  reset();
  setMeasuring(false);
  return true;
}

Qt::CursorShape TimelineInteraction::shape() const {
  return measure_.active() ? Qt::CrossCursor : TimeGestures::shape();
}

}  // namespace moescope
