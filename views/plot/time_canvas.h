// A chart with a time axis on screen: its picture, and over it what follows the pointer. Every
// chart over time but the timeline, which draws its lanes itself, is one of these.
#pragma once

#include <QPixmap>
#include <QWidget>

#include "views/common/theme.h"
#include "views/plot/summary.h"
#include "views/plot/time_gestures.h"

namespace moescope {

class TimeCanvas : public QWidget, public Summarised {
  Q_OBJECT

 public:
  TimeCanvas(Selection& selection, QWidget* parent);

  /// Draws the picture again: its data changed.
  void refresh();
  /// Where times were drawn last; empty without data.
  const TimeAxis& axis() const { return axis_; }
  TimeGestures& gestures() { return gestures_; }

 protected:
  /// Draws all but what follows the pointer, and returns where times are.
  virtual TimeAxis paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) = 0;
  /// What is known at a point, for a tooltip; "" for nothing.
  virtual QString readout(QPointF pos) const = 0;

  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;
  bool event(QEvent* event) override;

 private:
  void moveCrosshair();
  QRect crosshairRect() const;
  void paintOverlay(QPainter& painter, const Theme& theme);

  Selection& selection_;
  TimeAxis axis_;
  TimeGestures gestures_;
  QPixmap frame_;          ///< the picture; null when it must be drawn again
  QRect crosshair_shown_;  ///< to be painted over when the pointer moves
};

}  // namespace moescope
