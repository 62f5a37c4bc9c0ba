// The drawn part of the timeline: time axis, lanes, overlay, and the pointer on them.
#pragma once

#include <qcustomplot.h>

#include "views/plot/summary.h"
#include "views/plot/ticks.h"
#include "views/timeline/lanes/lane_plottable.h"
#include "views/timeline/timeline_interaction.h"
#include "views/timeline/timeline_overlay.h"

namespace moescope {

class TimelineCanvas : public QCustomPlot, public Summarised {
  Q_OBJECT

 public:
  /// Height of the time axis above the lanes, logical pixels.
  static constexpr int kAxisHeight = 28;

  TimelineCanvas(TimelineScene& scene, QWidget* parent);

  TimelineScene& scene() { return scene_; }
  TimelineInteraction& interaction() { return interaction_; }
  TimelineOverlay& overlay() { return overlay_; }
  LanePlottable& lanes() { return *lanes_; }
  /// Time 0 of the axis: for traces that are aligned at a moment of each.
  void setOrigin(TimeNs origin);
  /// Without it the lanes fill the height: a canvas above has the axis of both.
  void setAxisShown(bool shown);
  /// Where the lanes are in this widget.
  QRect lanesRect() const;
  const TimeTicks& ticks() const { return ticks_; }
  /// Text in `font`, a little smaller.
  void setTextOf(const QFont& font);
  QString summary() const override;

 Q_SIGNALS:
  void contextMenuWanted(QPoint global_pos);
  void ticksChanged();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void changeEvent(QEvent* event) override;
  bool event(QEvent* event) override;

 private:
  void applyTheme();
  void refresh();
  void moveCursor();
  QPointF inLanes(QPointF pos) const { return pos - lanesRect().topLeft(); }
  QString toolTipAt(QPointF pos);

  TimelineScene& scene_;
  TimelineInteraction interaction_;
  LanePlottable* lanes_;
  TimelineOverlay overlay_;
  QSharedPointer<FixedTicker> ticker_;
  TimeTicks ticks_;
  TimeNs origin_ = 0;
  int axis_height_ = kAxisHeight;
  bool lanes_stale_ = true;
  QRect cursor_shown_;  ///< where the pointer line is, to be painted over when it moves
};

}  // namespace moescope
