// Balance of GPUs: by layer now, before and at best; of one layer; over time; by redundancy; in
// logs.
#pragma once

#include <QLabel>
#include <QTabWidget>
#include <QTimer>
#include <QWidget>

#include "views/balance/balance_file_chart.h"
#include "views/balance/log_views.h"
#include "views/common/job.h"
#include "views/plot/chart.h"
#include "views/report/report.h"
#include "views/workspace/selection.h"

namespace moescope {

class BalanceView : public QWidget, public Chart {
  Q_OBJECT

 public:
  BalanceView(LoadDocument& document, Selection& selection, QWidget* parent = nullptr);

  QString chartName() const override { return QStringLiteral("balance"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  QString csv() const override;
  QString summary() const override { return fileChart().summary(); }

  /// What is shown now.
  BalanceFileChart fileChart() const;
  /// Figures now, for a picture or table that cannot wait. Throws Error.
  void finish();
  bool busy() const { return delay_.isActive() || job_.running(); }
  /// Null until the first figures are there.
  const BalanceFiguresPtr& figures() const { return figures_; }
  JobRunner& job() { return job_; }

 Q_SIGNALS:
  void figuresChanged();

 private:
  QString judgedText() const;
  SeriesChart* addChart(const char* name, const QString& title, const QString& tip);
  void addActions();
  void reload();
  void compute();
  void showFigures(BalanceFiguresPtr figures);
  void refreshPictures();
  void showSelection();
  QString visibleText(QChar separator) const;

  LoadDocument& document_;
  Selection& selection_;
  LoadSumKeeper sums_;
  JobRunner job_;
  QTimer delay_;  ///< a plan that is dragged changes often
  BalanceFiguresPtr figures_;
  QComboBox* metric_;
  QLabel* summary_;
  QTabWidget* tabs_;
  LoadsPtr computed_;  ///< what job_ works on
  SeriesChart *layers_, *time_, *curve_, *gpus_;
  BalanceLogView* log_;
  WaitView* waits_;
};

}  // namespace moescope
