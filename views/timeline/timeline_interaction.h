// What the pointer does on the timeline.
//
//   drag: mark an area               Shift+drag, middle drag: pan
//   drag on the axis, Ctrl+drag: zoom to it
//   click, Ctrl+click: select, add   double-click: fit the span, or everything
//   wheel: scroll rows               Ctrl+wheel: zoom at the pointer
//   Shift+wheel: pan                 M, then click or drag: measure, snapping to edges
#pragma once

#include <QMouseEvent>
#include <QObject>
#include <QWheelEvent>
#include <optional>

#include "views/timeline/lanes/timeline_scene.h"
#include "views/timeline/measure.h"

namespace moescope {

class TimelineInteraction : public QObject {
  Q_OBJECT

 public:
  explicit TimelineInteraction(TimelineScene& scene, QObject* parent = nullptr);

  // Positions are relative to the lanes: y < 0 is the time axis.
  void press(QPointF pos, Qt::MouseButton button, Qt::KeyboardModifiers modifiers);
  void move(QPointF pos, Qt::MouseButtons buttons);
  void release(QPointF pos, Qt::MouseButton button, Qt::KeyboardModifiers modifiers);
  void doubleClick(QPointF pos);
  /// Steps are wheel notches; `pos` is what the zoom keeps in place.
  void wheel(QPointF pos, QPointF steps, Qt::KeyboardModifiers modifiers);
  void leave();

  /// The area being dragged.
  const std::optional<AreaSelection>& draggedArea() const { return dragged_area_; }
  /// The range being dragged for zooming.
  const std::optional<TimeRange>& draggedZoom() const { return dragged_zoom_; }
  bool panning() const { return mode_ == Mode::Pan; }
  Measure& measure() { return measure_; }
  std::optional<RowKey> hoveredRow() const { return hovered_row_; }
  void setHoveredRow(std::optional<RowKey> row);
  QPointF pointer() const { return pointer_; }
  bool pointerInside() const { return inside_; }
  void setMeasuring(bool on);
  /// One step back: a drag, the measure. False when there was none.
  bool stepBack();
  Qt::CursorShape shape() const;

 Q_SIGNALS:
  void overlayChanged();
  void hoveredRowChanged();
  void measuringChanged(bool on);

 private:
  enum class Mode { None, Pressed, Area, Pan, Zoom, Measure };

  void click(QPointF pos, Qt::KeyboardModifiers modifiers);
  void fitSpan(const FoundSpan& found);
  void clickRibbon(const TimelineRow& row, TimeNs time);
  void hover(QPointF pos);
  void dragTo(QPointF pos);
  AreaSelection areaBetween(QPointF a, QPointF b) const;
  TimeNs timeAt(double x) const;
  TimeNs snapped(QPointF pos);

  TimelineScene& scene_;
  Mode mode_ = Mode::None;
  Mode drag_mode_ = Mode::Area;  ///< what a drag from here will be
  QPointF press_pos_, pointer_;
  bool inside_ = false;
  TimeRange press_range_;
  int press_scroll_ = 0;
  std::optional<AreaSelection> dragged_area_;
  std::optional<TimeRange> dragged_zoom_;
  std::optional<RowKey> hovered_row_;
  Measure measure_;
  quint64 asked_ = 0;  ///< the last question about a span; answers to earlier ones are dropped
};

}  // namespace moescope
