// A chart of series on screen: pointer, keys, zoom, selection.
#pragma once

#include <QWidget>

#include "views/load/series_picture.h"
#include "views/plot/summary.h"

namespace moescope {

/// Hover shows all values of a place, click or arrows select it; wheel zooms, drag pans, double
/// click fits.
class SeriesChart : public QWidget, public Summarised {
  Q_OBJECT

 public:
  explicit SeriesChart(QWidget* parent = nullptr);
  void setPicture(SeriesPicturePtr picture);
  const SeriesPicturePtr& picture() const { return picture_; }
  void setSelected(int place);
  int selected() const { return selected_; }
  void setHighlight(int place);
  int placeAt(QPointF pos) const;
  const PlaceWindow& window() const { return window_; }
  QString summary() const override;
  QSize sizeHint() const override { return {320, 180}; }

 Q_SIGNALS:
  void placeSelected(int place);
  void placeHovered(int place);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;
  bool event(QEvent* event) override;

 private:
  QRectF placeRect(int place) const;
  void hover(int place);
  void select(int place);
  int places() const { return picture_ ? picture_->places : 0; }
  void showPart(const PlaceWindow& window);

  SeriesPicturePtr picture_;
  QRectF plot_;
  PlaceWindow window_;
  QPointF press_, last_;
  bool dragging_ = false;
  int selected_ = -1, hovered_ = -1, highlight_ = -1;
};

}  // namespace moescope
