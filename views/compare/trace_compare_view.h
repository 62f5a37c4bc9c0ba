// Two traces, two steps, the time before and after a change of plan, two load dumps or two plans:
// why they differ in words, every figure of both, and the lanes of one trace above those of the
// other.
#pragma once

#include <QBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSplitter>
#include <QTableView>
#include <QWidget>

#include "views/common/job.h"
#include "views/compare/compare_choices.h"
#include "views/compare/difference_model.h"
#include "views/compare/paired_lanes.h"
#include "views/workspace/workspace.h"

namespace moescope {

class TraceCompareView : public QWidget {
  Q_OBJECT

 public:
  explicit TraceCompareView(Workspace& workspace, QWidget* parent = nullptr);
  const DifferenceModel& model() const { return model_; }
  QString causes() const { return causes_->text(); }
  QString title() const { return title_->text(); }
  bool busy() const { return job_.running() || lanes_->busy(); }
  QComboBox* scopeChoice() const { return choices_->scopes(); }
  QTableView* table() const { return table_; }
  PairedLanes& lanes() { return *lanes_; }
  /// The sides of the comparison that is shown; they are kept while their traces are.
  const KeptSides& sides() const { return kept_; }
  /// The rows that are shown, with a header.
  QString csv() const;

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void build();
  void connectParts();
  void buildTable();
  void addActions();
  void refresh();
  void refreshKind(CompareDocument::Kind kind);
  void compare();
  void showResult(const CompareResult& result);
  void goTo(const Difference& row);
  bool somethingOpen() const;
  void explain(const QString& text, bool can_choose);
  void showParts();
  void findPlanChange();

  Workspace& workspace_;
  DifferenceModel model_;
  DifferenceFilter filter_;
  KeptSides kept_;
  QLabel *title_, *causes_;
  QPushButton *choose_, *before_after_;
  CompareChoices* choices_;
  QTableView* table_;
  QBoxLayout* top_;
  QSplitter* left_;
  QSplitter* parts_;  ///< words and table beside the lanes, or above them
  PairedLanes* lanes_;
  JobRunner job_, flips_job_;
  bool narrow_ = false;  ///< the dock has room for the table or the lanes only
  bool again_ = false;   ///< the trace grew while it was compared
};

}  // namespace moescope
