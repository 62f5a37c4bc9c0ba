// The heatmap on screen: pointer, keys, zoom, selection.
#pragma once

#include <QPixmap>
#include <QWidget>

#include "views/load/heat/heat_chart.h"
#include "views/plot/axis/place_window.h"
#include "views/plot/summary.h"

namespace moescope {

/// Cell of a heatmap; -1 where there is none.
struct HeatCell {
  int row = -1, column = -1;
  bool valid() const { return row >= 0 && column >= 0; }
  friend bool operator==(const HeatCell&, const HeatCell&) = default;
};

/// Wheel zooms, drag pans, double click fits; arrows move the selected cell.
class HeatMap : public QWidget, public Summarised {
  Q_OBJECT

 public:
  explicit HeatMap(QWidget* parent = nullptr);

  /// The zoom is kept when rows and columns are as many as before.
  void setPicture(HeatPicturePtr picture);
  const HeatPicturePtr& picture() const { return picture_; }
  /// Shown instead of a picture: why there is none and what would give one.
  void setEmptyText(const QString& text);
  /// All that is known of a cell, for tool tip and screen readers.
  void setCellText(std::function<QString(HeatCell)> text) { cell_text_ = std::move(text); }
  /// Selection from outside; -1 in one direction selects the whole row or column.
  void setSelected(HeatCell cell);
  HeatCell selected() const { return selected_; }
  /// What other views point at; not shown while the pointer is in here.
  void setHighlight(HeatCell cell);
  HeatCell hovered() const { return hovered_; }
  const CellWindow& window() const { return window_; }
  HeatCell cellAt(QPointF pos) const;
  QRectF rectOf(HeatCell cell) const;
  QSize sizeHint() const override { return {700, 320}; }
  QString summary() const override;

 public Q_SLOTS:
  void fit();

 Q_SIGNALS:
  void cellHovered(moescope::HeatCell cell);
  void cellSelected(moescope::HeatCell cell);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;
  bool event(QEvent* event) override;

 private:
  HeatLayout layoutNow() const;
  void hover(HeatCell cell);
  void select(HeatCell cell);
  void moveBy(int rows, int columns);
  PlaceWindow shownRows() const { return {window_.row, window_.rows}; }
  PlaceWindow shownColumns() const { return {window_.column, window_.columns}; }
  void zoomAt(QPointF pos, double factor);
  void panBy(QPointF pixels);
  void showPart(const PlaceWindow& rows, const PlaceWindow& columns);
  void scrollTo(HeatCell cell);
  bool moveKey(int key);
  bool viewKey(int key, Qt::KeyboardModifiers modifiers);

  HeatPicturePtr picture_;
  QString empty_text_;
  std::function<QString(HeatCell)> cell_text_;
  CellWindow window_;
  HeatCell hovered_, selected_, highlight_;
  QPixmap frame_;  ///< all but hover and selection; null when it must be drawn again
  QPointF press_, last_;
  bool dragging_ = false;
};

}  // namespace moescope
