// The drawing area of the overlap view; a click on exposed communication asks for its first place.
#pragma once

#include <QWidget>
#include <vector>

#include "views/overlap/overlap_chart.h"
#include "views/plot/summary.h"

namespace moescope {

class OverlapView;

class OverlapCanvas : public QWidget, public Summarised {
  Q_OBJECT

 public:
  explicit OverlapCanvas(OverlapView& view);
  QSize sizeHint() const override { return {700, 220}; }
  QString summary() const override;

 Q_SIGNALS:
  void exposedClicked();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  bool event(QEvent* event) override;

 private:
  bool onExposed(QPointF point) const;

  OverlapView& view_;
  std::vector<OverlapChartHit> hits_;
};

}  // namespace moescope
