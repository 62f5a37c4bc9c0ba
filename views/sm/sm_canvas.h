// The drawing areas of the SM view: the chart that follows the shared range, and the SM grid.
#pragma once

#include <QWidget>

#include "views/common/view_context.h"
#include "views/sm/sm_chart.h"

namespace moescope {

class SmView;

/// Hover moves the shared cursor, wheel zooms, drag pans, double click fits.
class SmCanvas : public QWidget {
  Q_OBJECT

 public:
  SmCanvas(SmView& view, ViewContext& context);
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
  ViewContext& context_;
  QRectF plot_;
  qreal press_x_ = 0;
  TimeRange press_range_;
};

/// A cell for every SM of one device, filled where a block ran at the cursor; else the reason why
/// there is no grid.
class SmGrid : public QWidget {
  Q_OBJECT

 public:
  explicit SmGrid(QWidget* parent = nullptr);
  /// Shows the SMs of `allocation` at `time`; null: nothing to show.
  void show(const Trace* trace, const SmAllocation* allocation, std::optional<TimeNs> time);
  /// Blocks on each SM at the time, empty when SM ids are not recorded.
  const std::vector<int>& blocks() const { return blocks_; }
  QString message() const { return message_; }
  QSize sizeHint() const override { return {260, 140}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  std::vector<int> blocks_;
  QString message_;
};

}  // namespace moescope
