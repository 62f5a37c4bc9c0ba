// Beside the heatmap: hottest and coldest experts, imbalance of each layer, drift, notes.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QTabWidget>
#include <QTableView>
#include <QTextBrowser>

#include "core/loads/metrics.h"
#include "views/load/expert_list_model.h"
#include "views/load/series_chart.h"
#include "views/workspace/selection.h"

namespace moescope {

/// "max / mean (imbalance)", "mean / max (balancedness)", ...
QString metric_label(BalanceMetric metric);
QString metric_definition(BalanceMetric metric);
/// All measures to choose from.
QComboBox* make_metric_choice(QWidget* parent);
BalanceMetric chosen_metric(const QComboBox& choice);

class LoadSide : public QTabWidget {
  Q_OBJECT

 public:
  LoadSide(LoadDocument& document, Selection& selection, QWidget* parent = nullptr);
  /// Other loads, windows or plan.
  void setInput(const LoadPictureInput& input);
  /// The table or chart in front as text.
  QString text(QChar separator) const;

 private:
  QTableView* makeTable(QAbstractItemModel* model, const char* name, const QString& title);
  QWidget* makeImbalance();
  void refreshLists();
  void refreshImbalance();
  void refreshDrift();
  void refreshNotes();

  LoadDocument& document_;
  Selection& selection_;
  LoadPictureInput input_;
  ExpertListModel hottest_{ExpertListModel::Order::Hottest};
  ExpertListModel coldest_{ExpertListModel::Order::Coldest};
  DriftModel drift_;
  QComboBox *metric_, *of_;
  SeriesChart* imbalance_;
  QLabel* drift_text_;
  QTextBrowser* notes_;
};

}  // namespace moescope
