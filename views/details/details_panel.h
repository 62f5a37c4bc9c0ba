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
  DetailsPanel(Document& document, ViewContext& context, QWidget* parent = nullptr);
  const DetailsModel& model() const { return model_; }
  QAbstractItemModel* shownModel() { return &filter_; }
  QTreeView* tree() const { return tree_; }
  bool busy() const { return flow_job_.running(); }

 public Q_SLOTS:
  void copyValue();
  void copyAll();

 Q_SIGNALS:
  void ruleRequested(int rule);

 private:
  void refresh();
  void findFlow();
  void activate(const QModelIndex& index);

  Document& document_;
  ViewContext& context_;
  SpanRevealer revealer_;
  DetailsModel model_;
  std::shared_ptr<const FlowIndex> flow_;  ///< of the analysis shown; made on first use
  AnalysisPtr flow_of_;                    ///< what the job is asked for
  JobRunner flow_job_;
  QSortFilterProxyModel filter_;
  QLabel* empty_;
  QLineEdit* search_;
  QTreeView* tree_;
};

}  // namespace moescope
