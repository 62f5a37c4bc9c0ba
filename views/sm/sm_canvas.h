// The drawing area of the SM view: the chart that follows the shared range.
#pragma once

#include <QWidget>

#include "views/sm/sm_chart.h"
#include "views/workspace/selection.h"

namespace moescope {

class SmView;

/// Hover moves the shared cursor, wheel zooms, drag pans, double click fits.
class SmCanvas : public QWidget {
  Q_OBJECT

 public:
  SmCanvas(SmView& view, Selection& selection);
  QSize sizeHint() const override { return {700, 320}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  TimeNs timeAt(qreal x) const;

  SmView& view_;
  Selection& selection_;
  QRectF plot_;
  qreal press_x_ = 0;
  TimeRange press_range_;
};

}  // namespace moescope
