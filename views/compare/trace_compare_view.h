// The open trace held against another one: why in words, and every figure of both.
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QTableView>
#include <QToolButton>
#include <QWidget>

#include "views/common/job.h"
#include "views/compare/difference_model.h"
#include "views/workspace/workspace.h"

namespace moescope {

class TraceCompareView : public QWidget {
  Q_OBJECT

 public:
  explicit TraceCompareView(Workspace& workspace, QWidget* parent = nullptr);
  const DifferenceModel& model() const { return model_; }
  QString causes() const { return causes_->text(); }
  QString title() const { return title_->text(); }
  bool busy() const { return job_.running(); }
  QComboBox* scopeChoice() const { return scope_; }
  /// The rows that are shown, with a header.
  QString csv() const;

 private:
  void buildTable();
  void addActions();
  void refresh();
  void showComparison(ComparisonPtr comparison);
  void goTo(const Difference& row);
  void explain(const QString& text);

  Workspace& workspace_;
  DifferenceModel model_;
  DifferenceFilter filter_;
  QLabel *title_, *causes_;
  QToolButton* swap_;
  QComboBox *align_, *scope_;
  QCheckBox* significant_;
  QTableView* table_;
  JobRunner job_;
};

}  // namespace moescope
