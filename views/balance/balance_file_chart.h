// The balance of expert loads as a chart of its own: for files, reports and the command line,
// without a widget.
#pragma once

#include "core/progress.h"
#include "views/balance/balance_figures.h"
#include "views/load/heat/heat_chart.h"
#include "views/plot/chart.h"
#include "views/report/report.h"

namespace moescope {

/// What is drawn: figures, or a log where there are none.
struct BalanceContent {
  BalanceFiguresPtr figures;
  BalanceMetric metric = BalanceMetric::MaxOverMean;
  int layer = -1;        ///< whose GPUs are drawn; -1: the one with the highest imbalance
  SeriesPicturePtr log;  ///< balance that an engine printed
  HeatPicturePtr waits;  ///< times that ranks waited
  QString judged;        ///< why not all chosen windows are in the figures; empty: they are
  QString empty_text;
};

class BalanceFileChart : public Chart {
 public:
  explicit BalanceFileChart(BalanceContent content) : content_(std::move(content)) {}
  /// Of all that the document has: the chosen windows of its loads, else its logs. `layer` as
  /// above. Throws Cancelled, Error.
  BalanceFileChart(const LoadDocument& document, int layer, Progress& progress);

  QString chartName() const override { return QStringLiteral("balance"); }
  /// Layers above, GPUs and time below; a log alone is shown as it is.
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  /// Every measure of every layer, or the log as a table.
  QString csv() const override;
  QString summary() const override;
  /// The balance of every layer; no rows without loads.
  ReportTable reportTable() const;

 private:
  BalanceContent content_;
};

}  // namespace moescope
