// Overlap as a chart of its own: for files, reports and the command line, without a widget.
#pragma once

#include "views/overlap/overlap_chart.h"
#include "views/plot/chart.h"

namespace moescope {

class OverlapFileChart : public Chart {
 public:
  /// `trace` may be null; `input` is of it.
  OverlapFileChart(TracePtr trace, OverlapChartInput input);

  QString chartName() const override { return QStringLiteral("overlap"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  /// The figures of every device, units in the header.
  QString csv() const override;
  QString summary() const override { return overlap_summary(input_); }

 private:
  TracePtr trace_;
  OverlapChartInput input_;
};

}  // namespace moescope
