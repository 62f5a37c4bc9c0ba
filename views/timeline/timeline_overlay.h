// What lies over the lanes and changes often: pointer line, hover, selection, area, measure. Drawn
// on a layer of its own, so that the lanes need no replot.
#pragma once

#include <qcustomplot.h>

#include <functional>
#include <vector>

#include "views/timeline/timeline_interaction.h"

namespace moescope {

class TimelineOverlay : public QCPLayerable {
  Q_OBJECT

 public:
  TimelineOverlay(QCustomPlot* plot, TimelineScene& scene, TimelineInteraction& interaction);
  void setTheme(const Theme& theme) { theme_ = theme; }
  /// Where the lanes are in the plot.
  void setArea(QRect area) { area_ = area; }
  /// The row found by name, marked until the next search.
  void setMarkedRow(std::optional<RowKey> row) { marked_row_ = row; }

 protected:
  void applyDefaultAntialiasingHint(QCPPainter* painter) const override;
  void draw(QCPPainter* painter) override;

 private:
  void drawEmptyState(QPainter& painter);
  void drawArea(QPainter& painter, const AreaSelection& area);
  void drawZoom(QPainter& painter, TimeRange range);
  void drawMarkedRow(QPainter& painter);
  void drawSelection(QPainter& painter);
  void drawSpan(QPainter& painter, SpanRef ref, const QColor& color, double width);
  void drawCursor(QPainter& painter);
  void drawMeasure(QPainter& painter);
  /// A small text on a plate, kept inside the lanes.
  void drawPlate(QPainter& painter, QPointF centre, const QString& text, const QColor& color);

  TimelineScene& scene_;
  TimelineInteraction& interaction_;
  Theme theme_;
  QRect area_;
  std::optional<RowKey> marked_row_;
};

}  // namespace moescope
