// The whole trace in one strip, with the visible range on it to drag.
#pragma once

#include <QImage>
#include <QWidget>

#include "views/timeline/timeline_scene.h"

namespace moescope {

/// Stacked over time: the mean share of compute only, both, and exposed over all devices shown; a
/// trace without GPU work shows how busy its threads are. Drag the window to pan, its edges to
/// resize it, elsewhere to choose a new range; click to centre.
class OverviewStrip : public QWidget {
  Q_OBJECT

 public:
  OverviewStrip(TimelineScene& scene, QWidget* parent);
  QSize sizeHint() const override { return {400, 44}; }
  QSize minimumSizeHint() const override { return {60, 44}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  enum class Grip { None, Window, Left, Right, New };
  PixelMap map() const;
  Grip gripAt(double x) const;
  void render();
  void stackRibbons(const PixelMap& pixels, std::vector<RibbonShares>& mean) const;
  void stackBusy(const PixelMap& pixels, std::vector<RibbonShares>& mean) const;

  TimelineScene& scene_;
  QImage picture_;
  bool stale_ = true;
  Grip grip_ = Grip::None;
  double press_x_ = 0;
  TimeRange press_range_;
};

}  // namespace moescope
