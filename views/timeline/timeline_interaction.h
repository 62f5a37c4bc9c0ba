// What the pointer does on the timeline: the gestures of every chart over time, and
//
//   drag: mark an area, of the rows it crosses   pan: rows as well
//   click, Ctrl+click: select, add               double-click: fit the span, or everything
//   wheel: scroll rows                           M, then click or drag: measure, snapping to edges
//   the axis is above the lanes
#pragma once

#include "views/plot/time_gestures.h"
#include "views/timeline/lanes/timeline_scene.h"
#include "views/timeline/measure.h"

namespace moescope {

/// Positions are relative to the lanes: y < 0 is the time axis.
class TimelineInteraction : public TimeGestures {
  Q_OBJECT

 public:
  explicit TimelineInteraction(TimelineScene& scene, QObject* parent = nullptr);

  Measure& measure() { return measure_; }
  std::optional<RowKey> hoveredRow() const { return hovered_row_; }
  void setHoveredRow(std::optional<RowKey> row);
  void setMeasuring(bool on);
  /// One step back: a drag, the measure. False when there was none.
  bool stepBack() override;
  Qt::CursorShape shape() const override;

 Q_SIGNALS:
  void hoveredRowChanged();
  void measuringChanged(bool on);

 protected:
  Part partAt(QPointF pos) const override;
  void pressBegan() override;
  bool ownPress(QPointF pos) override;
  void ownDrag(QPointF pos) override;
  void ownRelease(QPointF pos) override;
  void hover(QPointF pos) override;
  void pointerLeft() override;
  AreaSelection areaBetween(QPointF a, QPointF b) const override;
  void click(QPointF pos, Qt::KeyboardModifiers modifiers) override;
  void doubleClicked(QPointF pos) override;
  void panned(QPointF by) override;
  bool scroll(double notches) override;

 private:
  void fitSpan(const FoundSpan& found);
  void clickRibbon(const DeviceKey& device, TimeNs time);
  TimeNs snapped(QPointF pos);

  TimelineScene& scene_;
  int press_scroll_ = 0;
  std::optional<RowKey> hovered_row_;
  Measure measure_;
  quint64 asked_ = 0;  ///< the last question about a span; answers to earlier ones are dropped
};

}  // namespace moescope
