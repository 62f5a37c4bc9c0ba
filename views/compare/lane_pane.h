// The lanes of one of two traces: row names, lanes, scroll bar.
#pragma once

#include <QScrollBar>
#include <QWidget>

#include "views/timeline/row_header.h"
#include "views/timeline/timeline_canvas.h"

namespace moescope {

class LanePane : public QWidget {
  Q_OBJECT

 public:
  LanePane(TraceDocument& document, Selection& selection, const QString& name, QWidget* parent);

  TimelineScene& scene() { return *scene_; }
  TimelineCanvas& canvas() { return *canvas_; }
  /// Only the upper of two has the axis of both.
  void setUpper(bool upper);
  /// Where the row of a span is, unfolded and scrolled to.
  void reveal(SpanRef span);

 private:
  TimelineScene* scene_;
  TimelineCanvas* canvas_;
  RowHeader *upper_header_, *lower_header_;
  QScrollBar* scroll_bar_;
};

}  // namespace moescope
