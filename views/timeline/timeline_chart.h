// The timeline as a picture with title, legend, names and axis, and as CSV: without a widget.
#pragma once

#include <QFont>

#include "views/plot/chart.h"
#include "views/timeline/lanes/lane_renderer.h"
#include "views/timeline/lanes/timeline_scene.h"
#include "views/timeline/span_text.h"

namespace moescope {

/// Of what the scene shows: its rows and the visible range. The picture waits for what it needs.
class TimelineChart : public Chart {
 public:
  explicit TimelineChart(TimelineScene& scene, const QFont& font = {});

  QString chartName() const override { return QStringLiteral("timeline"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  /// Shows at most a number of spans that fits a spreadsheet; a last line counts the rest.
  QString csv() const override { return csvTask()(); }
  std::function<QString()> csvTask() const override;
  QString summary() const override { return timeline_summary(scene_); }

 private:
  void paintTitle(QPainter& painter, int width, const Theme& theme) const;
  void paintLanes(QPainter& painter, const QRect& lanes, const RowLayout& layout,
                  LaneRenderer& renderer, const Theme& theme);

  TimelineScene& scene_;
  QFont font_;
};

}  // namespace moescope
