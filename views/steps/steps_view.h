// The list of steps, and the critical path of the one that is chosen.
#pragma once

#include <QLabel>
#include <QPlainTextEdit>
#include <QSortFilterProxyModel>
#include <QSpinBox>
#include <QTableView>
#include <QTimer>
#include <QToolButton>
#include <QWidget>
#include <memory>

#include "core/analysis/critical_path/critical_path.h"
#include "views/common/job.h"
#include "views/steps/path_list.h"
#include "views/steps/steps_model.h"
#include "views/workspace/documents/compare_document.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

class StepsView : public QWidget {
  Q_OBJECT

 public:
  StepsView(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);
  const StepsModel& model() const { return model_; }
  QTableView* table() const { return table_; }
  const PathList& path() const { return *path_; }
  bool busy() const { return job_.running() || path_job_.running() || delay_.isActive(); }
  /// Goes to a step by its number; false when there is none.
  bool goTo(std::uint64_t number);

 Q_SIGNALS:
  /// Steps to be held against each other.
  void compareWanted(moescope::ComparedSteps steps);

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void buildTable();
  void addActions();
  void addCompareActions();
  void enableCompare();
  int chosenRow() const;
  void compareWithMedian();
  void compareWithPrevious();
  void compareWithNumber();
  void later();
  void refresh();
  void showSteps(TraceStepsPtr steps);
  bool keepChosen(const TraceStep& chosen);
  void goToRow(int row);
  void move(int by);
  void showPath(const TraceStep& step);
  void followPlace();

  TraceDocument& document_;
  Selection& selection_;
  StepsModel model_;
  QSortFilterProxyModel sorted_;
  QLabel* title_;
  QSpinBox* number_;
  QToolButton* compare_;
  QList<QAction*> compare_actions_;
  QTableView* table_;
  PathList* path_;
  QTimer delay_;
  JobRunner job_, path_job_;
  std::shared_ptr<const FlowIndex> flows_;  ///< of the trace, made with the first path
  bool stale_ = true;                       ///< the analysis changed while nobody looked
  bool moving_ = false;                     ///< the selection is changed by this view
};

}  // namespace moescope
