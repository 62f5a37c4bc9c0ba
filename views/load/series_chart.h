// A chart of series on screen: pointer, keys, selection.
#pragma once

#include <QWidget>

#include "views/load/series_picture.h"

namespace moescope {

/// Hover shows all values of a place, click or arrows select it.
class SeriesChart : public QWidget {
  Q_OBJECT

 public:
  explicit SeriesChart(QWidget* parent = nullptr);
  void setPicture(SeriesPicturePtr picture);
  const SeriesPicturePtr& picture() const { return picture_; }
  void setSelected(int place);
  int selected() const { return selected_; }
  void setHighlight(int place);
  int placeAt(QPointF pos) const;
  QSize sizeHint() const override { return {320, 180}; }

 Q_SIGNALS:
  void placeSelected(int place);
  void placeHovered(int place);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;
  bool event(QEvent* event) override;

 private:
  QRectF placeRect(int place) const;
  void hover(int place);
  void select(int place);

  SeriesPicturePtr picture_;
  QRectF plot_;
  int selected_ = -1, hovered_ = -1, highlight_ = -1;
};

}  // namespace moescope
