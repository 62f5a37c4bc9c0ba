// The names of the rows, beside the lanes: a widget of its own, because text on axis ticks is slow.
#pragma once

#include <QWidget>
#include <optional>

#include "views/timeline/timeline_interaction.h"

namespace moescope {

class RowHeader : public QWidget {
  Q_OBJECT

 public:
  /// `top` logical pixels above the rows belong to the time axis.
  RowHeader(TimelineScene& scene, TimelineInteraction& interaction, int top, QWidget* parent);

  /// Name and unit of the axis, written beside it.
  void setAxisTitle(const QString& title);
  QSize sizeHint() const override { return {230, 200}; }
  QSize minimumSizeHint() const override { return {90, 60}; }
  /// Row under a point of this widget.
  const TimelineRow* rowAt(QPoint pos) const;

 Q_SIGNALS:
  void contextMenuWanted(QPoint global_pos);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  bool event(QEvent* event) override;

 private:
  void paintRow(QPainter& painter, const PlacedRow& placed, const Theme& theme);
  QRect pinRect(const PlacedRow& placed) const;

  TimelineScene& scene_;
  TimelineInteraction& interaction_;
  int top_;
  QString axis_title_;
};

/// Draws one row name into `rect`: used by the widget and by exports.
void paint_row_name(QPainter& painter, const TimelineRow& row, const QRectF& rect,
                    const Theme& theme, int lane_height, bool with_marks);

}  // namespace moescope
