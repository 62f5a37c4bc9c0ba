// Which step of a plan's way is done, next, or not possible and why.
#pragma once

#include <QAction>
#include <QObject>
#include <QPointer>

#include "views/plan/flow/plan_steps.h"
#include "views/plan/plan_solver.h"

namespace moescope {

class PredictPanel;
class SolvePanel;

class PlanFlow : public QObject {
  Q_OBJECT

 public:
  PlanFlow(PlanDocument& document, PlanSolver& solver, SolvePanel& solve, PredictPanel& predict,
           PlanSteps& steps);

  /// The comparison of the plan as it is was looked at.
  void noteCompared();
  /// The plan as it is was exported to `file`.
  void noteExported(const QString& file);
  /// The command that applies the plan; its status tip says why it cannot run.
  void setApply(QAction* apply);

 private:
  void forget();
  void refresh();
  PlanStepState solveState() const;
  PlanStepState compareState() const;
  PlanStepState predictState() const;
  PlanStepState finishState() const;

  PlanDocument& document_;
  PlanSolver& solver_;
  SolvePanel& solve_;
  PredictPanel& predict_;
  PlanSteps& steps_;
  QPointer<QAction> apply_;
  bool compared_ = false;
  QString exported_;
};

}  // namespace moescope
