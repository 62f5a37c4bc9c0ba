// SM allocation as a chart of its own: for files, reports and the command line, without a widget.
#pragma once

#include "views/plot/chart.h"
#include "views/sm/sm_chart.h"

namespace moescope {

class SmFileChart : public Chart {
 public:
  /// `devices` of `data`, which is null where there is nothing to show.
  SmFileChart(SmDataPtr data, std::vector<const SmDevice*> devices, TimeRange range,
              bool awaited = false);
  /// All devices over the whole trace. Throws Cancelled, Error.
  SmFileChart(const TracePtr& trace, const AnalysisPtr& analysis, TimeRange range,
              Progress& progress);

  QString chartName() const override { return QStringLiteral("sm"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  /// A line a step of each device, units in the header.
  QString csv() const override;
  QString summary() const override { return sm_summary(input()); }

 private:
  SmChartInput input() const;

  SmDataPtr data_;
  std::vector<const SmDevice*> devices_;
  TimeRange range_;
  bool awaited_ = false;
};

}  // namespace moescope
