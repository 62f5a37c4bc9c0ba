// The whole trace in one strip, with the visible range on it to drag.
#pragma once

#include <QImage>
#include <QTimer>
#include <QWidget>
#include <vector>

#include "views/common/job.h"
#include "views/plot/summary.h"
#include "views/plot/time_gestures.h"
#include "views/timeline/lanes/timeline_scene.h"

namespace moescope {

/// What the strip shows, by device pixel.
struct Overview {
  std::vector<RibbonShares> mean;
  TimeRange full;        ///< that `mean` covers
  bool ribbons = false;  ///< else how busy the threads are, in `compute`
};

/// Stacked over time: the mean share of compute only, both, and exposed over all devices shown; a
/// trace without GPU work shows how busy its threads are. Drag the window to pan, its edges to
/// resize it, elsewhere to choose a new range; click to centre. Wheel and double click are those of
/// every chart over time.
class OverviewStrip : public QWidget, public Summarised {
  Q_OBJECT

 public:
  OverviewStrip(TimelineScene& scene, QWidget* parent);
  const Overview& shown() const { return shown_; }
  bool busy() const { return job_.running() || delay_.isActive(); }
  QString summary() const override;
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
  TimeAxis axis() const;
  Grip gripAt(double x) const;
  QRectF windowRect() const;
  QRect cursorRect() const;
  void moveCursor();
  void refresh();
  void startWork();
  void render();

  TimelineScene& scene_;
  TimeGestures gestures_;
  QImage picture_;
  Overview shown_;
  JobRunner job_;
  QTimer delay_;
  QRectF window_shown_;
  QRect cursor_shown_;
  Grip grip_ = Grip::None;
  double press_x_ = 0;
  TimeRange press_range_;
};

}  // namespace moescope
