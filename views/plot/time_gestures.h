// What pointer and keys do on a chart with a time axis.
//
//   drag: mark a range               Shift+drag, middle drag: pan
//   drag on the axis, Ctrl+drag: zoom to it
//   click: unmark                    double-click: show everything
//   wheel, Ctrl+wheel: zoom at the pointer
//   Shift+wheel, wheel sideways: pan
//   W S + -: zoom   A D: pan   Home End: to the begin, the end   F: fit the marked range
//
// All of it changes the Selection, so all charts follow. A chart that has more under the pointer
// than times derives from it and says what else happens.
#pragma once

#include <QObject>
#include <QPointF>
#include <functional>
#include <optional>

#include "views/plot/axis/time_axis.h"
#include "views/workspace/selection.h"

namespace moescope {

class TimeGestures : public QObject {
  Q_OBJECT

 public:
  /// `axis`: where times are now, in the coordinates of all positions below; an empty one while
  /// there is nothing to show.
  TimeGestures(Selection& selection, std::function<TimeAxis()> axis, QObject* parent = nullptr);

  void press(QPointF pos, Qt::MouseButton button, Qt::KeyboardModifiers modifiers);
  void move(QPointF pos, Qt::MouseButtons buttons);
  void release(QPointF pos, Qt::MouseButton button, Qt::KeyboardModifiers modifiers);
  void doubleClick(QPointF pos);
  /// `notches` as notches_of(); the zoom keeps what is at `pos` in place.
  void wheel(QPointF pos, QPointF notches, Qt::KeyboardModifiers modifiers);
  void leave();
  /// False when the key means nothing here.
  bool key(int key, Qt::KeyboardModifiers modifiers);
  /// Factor < 1 zooms in: at the pointer, or in the middle when that is elsewhere.
  void zoom(double factor);

  /// The area being dragged.
  const std::optional<AreaSelection>& draggedArea() const { return dragged_area_; }
  /// The range being dragged for zooming.
  const std::optional<TimeRange>& draggedZoom() const { return dragged_zoom_; }
  bool panning() const { return drag_ == Drag::Pan; }
  QPointF pointer() const { return pointer_; }
  bool pointerInside() const { return inside_; }
  /// Ends a drag without effect; false when there was none.
  virtual bool stepBack();
  virtual Qt::CursorShape shape() const;

 Q_SIGNALS:
  void overlayChanged();  ///< what is dragged, or the shape of the pointer

 protected:
  enum class Drag { None, Pressed, Area, Pan, Zoom, Own };
  enum class Part { Times, Axis, Beside };

  Selection& selection() const { return selection_; }
  TimeAxis axis() const { return axis_(); }
  TimeNs timeAt(double x) const { return axis_().time(x); }
  bool dragging() const { return drag_ != Drag::None; }
  QPointF pressed() const { return press_pos_; }
  /// Forgets a drag and what it was of.
  void reset();

  /// What is at `pos`. The axis of most charts is below the plot.
  virtual Part partAt(QPointF pos) const;
  virtual void pressBegan() {}
  /// True when this press begins a drag of the chart's own.
  virtual bool ownPress(QPointF) { return false; }
  virtual void ownDrag(QPointF) {}
  virtual void ownRelease(QPointF) {}
  virtual void hover(QPointF pos);
  virtual void pointerLeft();
  virtual AreaSelection areaBetween(QPointF a, QPointF b) const;
  virtual void click(QPointF pos, Qt::KeyboardModifiers modifiers);
  virtual void doubleClicked(QPointF pos);
  /// The plot was dragged by so much since the press: for charts that scroll as well.
  virtual void panned(QPointF) {}
  /// False when the chart does not scroll: then the wheel zooms.
  virtual bool scroll(double) { return false; }

 private:
  void dragTo(QPointF pos);
  void fit();

  Selection& selection_;
  std::function<TimeAxis()> axis_;
  Drag drag_ = Drag::None;
  Drag next_drag_ = Drag::Area;  ///< what a drag from here will be
  QPointF press_pos_, pointer_;
  TimeRange press_range_;
  bool inside_ = false;
  std::optional<AreaSelection> dragged_area_;
  std::optional<TimeRange> dragged_zoom_;
};

}  // namespace moescope
