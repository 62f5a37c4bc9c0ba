// The right side: what the selected span is, with every argument the file has.
#pragma once

#include <QLabel>
#include <QLineEdit>
#include <QSortFilterProxyModel>
#include <QTreeView>
#include <QWidget>

#include "views/common/job.h"
#include "views/details/details_model.h"
#include "views/workspace/reveal.h"

namespace moescope {

class DetailsPanel : public QWidget {
  Q_OBJECT

 public:
  DetailsPanel(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);
  const DetailsModel& model() const { return model_; }
  QAbstractItemModel* shownModel() { return &filter_; }
  QTreeView* tree() const { return tree_; }
  bool busy() const { return flow_job_.running() || span_job_.running(); }

 public Q_SLOTS:
  void copyValue();
  void copyAll();

 Q_SIGNALS:
  void ruleRequested(int rule);

 private:
  void refresh();
  void showDetails(const SpanDetails& details);
  /// Nothing is known of a span: says why, or what to do.
  void showEmpty(const QString& text);
  void layoutTree();
  void findFlow();
  void activate(const QModelIndex& index);

  TraceDocument& document_;
  Selection& selection_;
  SpanRevealer revealer_;
  DetailsModel model_;
  std::shared_ptr<const FlowIndex> flow_;  ///< of the analysis shown; made on first use
  AnalysisPtr flow_of_;                    ///< what the job is asked for
  JobRunner flow_job_, span_job_;
  QSortFilterProxyModel filter_;
  QLabel* empty_;
  QLineEdit* search_;
  QTreeView* tree_;
};

}  // namespace moescope
