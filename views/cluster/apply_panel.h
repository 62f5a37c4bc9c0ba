// Applying a plan to a running engine: what will move, progress, outcome, and the predicted beside
// the measured effect. A panel, not a dialog.
#pragma once

#include <QFrame>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QTableWidget>

#include "core/analysis/serving/plan_effect.h"
#include "core/cluster/wire/node_types.h"

namespace moescope {

class ApplyPanel : public QFrame {
  Q_OBJECT

 public:
  enum class Step { Unavailable, Ready, Checking, Confirm, Running, Ended };

  explicit ApplyPanel(QWidget* parent = nullptr);
  Step step() const { return step_; }
  QString text() const { return text_->text(); }

  /// Disables applying, for this reason.
  void setUnavailable(const QString& why);
  /// `what` says how the edited plan differs from the running one.
  void setReady(const QString& what);
  void setChecking();
  /// The dry run: what would move, or why not. `moves`: of each rank of a unit.
  void showCheck(const PlanOutcome& outcome, const std::vector<GpuMoves>& moves);
  void setRunning();
  void showProgress(const NodePlanChange& change);
  void showOutcome(const PlanOutcome& outcome);
  /// The call failed: nothing is known to have changed.
  void showFailure(const QString& error);
  /// Shown below the outcome until the next change.
  void setEffect(const PlanEffect& effect);
  void setCanRollBack(bool can);

 Q_SIGNALS:
  void checkRequested();
  void applyRequested();
  void abandonRequested();
  void rollBackRequested();
  void dismissed();

 private:
  void become(Step step, const QString& text);
  QWidget* harmlessWidget();
  void fillMoves(const std::vector<GpuMoves>& moves);

  Step step_ = Step::Unavailable;
  QLabel *text_, *phase_, *verdict_;
  QProgressBar* bar_;
  QPushButton *check_, *apply_, *cancel_, *abandon_, *roll_back_, *close_;
  QTableWidget *moves_, *effect_;
};

}  // namespace moescope
