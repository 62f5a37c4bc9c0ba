// Statistics of several selected spans, else of what figures are of.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QTableView>
#include <QTimer>
#include <QWidget>

#include "views/common/job.h"
#include "views/statistics/statistics_model.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

class StatisticsPanel : public QWidget {
  Q_OBJECT

 public:
  StatisticsPanel(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);
  const StatisticsModel& model() const { return model_; }
  QAbstractItemModel* shownModel() { return &sorted_; }
  QTableView* table() const { return table_; }
  /// The table (or its selected rows) as shown, times in ns; header row first.
  QString toText(QChar separator, bool selected_rows) const;

 protected:
  void showEvent(QShowEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void refresh();
  void show(SelectionStatistics statistics, const QString& what);
  void showTitle();
  void fitColumns();
  void fitFigures();
  void shrinkText();
  void addCopyActions();
  std::vector<TrackId> tracksOfFilter(const std::vector<TrackId>& wanted) const;

  TraceDocument& document_;
  Selection& selection_;
  StatisticsModel model_;
  StatisticsOrder sorted_;
  QLabel* title_;
  QComboBox* grouping_;
  QComboBox* side_;  ///< devices, host or both
  QString what_;     ///< what the statistics are of
  QTableView* table_;
  QTimer delay_;
  JobRunner job_;
};

}  // namespace moescope
