// Requests of a serving engine: a table and a chart over time, of a recording or live.
#pragma once

#include <QLabel>
#include <QSortFilterProxyModel>
#include <QSpinBox>
#include <QTableView>
#include <QWidget>

#include "views/common/job.h"
#include "views/plot/chart.h"
#include "views/requests/requests_chart.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

class RequestsCanvas;

class RequestsView : public QWidget, public Chart {
  Q_OBJECT

 public:
  RequestsView(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);

  /// What a source of live data knows; the recorded requests of a trace that is opened replace it.
  void setServing(ServingPtr serving);
  const ServingPtr& serving() const { return serving_; }
  RequestsModel& model() { return model_; }
  ServingTargets targets() const;
  RequestsChartInput chartInput() const;
  bool busy() const { return job_.running(); }

  QString chartName() const override { return QStringLiteral("requests"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  QString csv() const override;
  QString summary() const override { return requests_summary(chartInput()); }

 Q_SIGNALS:
  void dataChanged();  ///< chartInput() is of other requests or targets

 private:
  QWidget* makeTargets();
  QWidget* makeList();
  void addActions();
  void reload();
  void retarget();
  void showRequest(const QModelIndex& index);

  TraceDocument& document_;
  Selection& selection_;
  RequestsModel model_;
  QSortFilterProxyModel sorted_;
  QTableView* table_;
  QWidget* list_ = nullptr;  ///< the table, and how it is sorted
  QSpinBox *ttft_, *tpot_;
  RequestsCanvas* canvas_;
  ServingPtr serving_;
  std::vector<ServingFigures> windows_;
  JobRunner job_;
};

}  // namespace moescope
