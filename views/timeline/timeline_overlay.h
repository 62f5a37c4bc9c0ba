// What lies over the lanes and changes often: pointer line, hover, selection, area, measure, flow.
// Painted over the picture of the lanes, which stays as it is.
#pragma once

#include <QCoreApplication>
#include <QPainter>

#include "views/timeline/timeline_interaction.h"

namespace moescope {

class TimelineOverlay {
  Q_DECLARE_TR_FUNCTIONS(Timeline)

 public:
  TimelineOverlay(TimelineScene& scene, TimelineInteraction& interaction);
  void setTheme(const Theme& theme) { theme_ = theme; }
  /// Where the lanes are in the plot.
  void setArea(QRect area) { area_ = area; }
  /// The row found by name, marked until the next search.
  void setMarkedRow(std::optional<RowKey> row) { marked_row_ = row; }
  std::optional<RowKey> markedRow() const { return marked_row_; }

  void paint(QPainter& painter);
  /// Text of the note whose flag is at `pos` (lanes coordinates, y < 0 on the axis); "" for none.
  QString noteAt(QPointF pos) const;

 private:
  void drawEmptyState(QPainter& painter);
  void drawArea(QPainter& painter, const AreaSelection& area);
  void drawMarkedRow(QPainter& painter);
  void drawSelection(QPainter& painter);
  void drawSpan(QPainter& painter, SpanRef ref, const QColor& color, double width);
  void drawMeasure(QPainter& painter);
  void drawFlow(QPainter& painter);
  void drawNotes(QPainter& painter);
  void drawNoteText(QPainter& painter, const QString& text, const QColor& color, QPointF left,
                    double room);
  void drawLink(QPainter& painter, const FlowLink& link);
  void drawTokenFlow(QPainter& painter);
  void drawHop(QPainter& painter, const FlowHop& hop);
  struct Arrow {
    QPointF from, to;
    double arrives = 1;  ///< 1: from the left, -1: from the right
  };
  /// A curve in the colour of the pen; its start and its end may be far outside.
  static void drawCurve(QPainter& painter, const Arrow& arrow);
  /// Of a time in the lanes, cut so that painters can draw to it.
  double xOf(TimeNs time) const;
  /// A small text on a plate, kept inside the lanes.
  void drawPlate(QPainter& painter, QPointF centre, const QString& text, const QColor& color);

  TimelineScene& scene_;
  TimelineInteraction& interaction_;
  Theme theme_;
  QRect area_;
  std::optional<RowKey> marked_row_;
};

}  // namespace moescope
