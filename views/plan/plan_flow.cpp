#include "views/plan/plan_flow.h"

#include <QFileInfo>

#include "core/placement/edit/plan_summary.h"
#include "views/common/delta.h"
#include "views/common/units.h"
#include "views/plan/predict_panel.h"
#include "views/plan/solve_panel.h"
#include "views/plan/solve_terms.h"

namespace moescope {
namespace {

using Phase = PlanStepState::Phase;

}  // namespace

PlanFlow::PlanFlow(PlanDocument& document, PlanSolver& solver, SolvePanel& solve,
                   PredictPanel& predict, PlanSteps& steps)
    : document_(document), solver_(solver), solve_(solve), predict_(predict), steps_(steps) {
  for (const auto signal : {&PlanDocument::committed, &PlanDocument::replaced})
    connect(&document_, signal, this, &PlanFlow::forget);
  for (const auto signal : {&PlanDocument::figuresChanged, &PlanDocument::constraintsChanged,
                            &PlanDocument::fileChanged})
    connect(&document_, signal, this, &PlanFlow::refresh);
  connect(&document_.loads(), &LoadDocument::runningPlanChanged, this, &PlanFlow::refresh);
  for (const auto signal : {&PlanSolver::started, &PlanSolver::finished})
    connect(&solver_, signal, this, &PlanFlow::refresh);
  connect(&solve_, &SolvePanel::requestChanged, this, &PlanFlow::refresh);
  connect(&predict_, &PredictPanel::predicted, this, &PlanFlow::refresh);
  connect(&document_.serving(), &ServingSetup::changed, this, &PlanFlow::refresh);
  refresh();
}

void PlanFlow::noteCompared() {
  if (compared_) return;
  compared_ = true;
  refresh();
}

void PlanFlow::noteExported(const QString& file) {
  exported_ = QFileInfo(file).fileName();
  refresh();
}

void PlanFlow::setApply(QAction* apply) {
  apply_ = apply;
  connect(apply, &QAction::changed, this, &PlanFlow::refresh);
  connect(&steps_.apply(), &QToolButton::clicked, apply, &QAction::trigger);
  refresh();
}

/// What was looked at and exported was another plan.
void PlanFlow::forget() {
  compared_ = false;
  exported_.clear();
  refresh();
}

PlanStepState PlanFlow::solveState() const {
  if (solver_.running()) return {Phase::Running, tr("solving…")};
  const SolveRequest full = solve_.request(SolveAction::Full);
  if (const QString why = solver_.obstacle(full); !why.isEmpty())
    return {Phase::Blocked, why.toHtmlEscaped()};
  const auto& from = document_.madeFrom();
  if (from && from->windows.count() > 0)
    return {Phase::Done, document_.judgement().text.toHtmlEscaped()};
  return {Phase::Possible, solve_terms_short(document_, full).toHtmlEscaped()};
}

PlanStepState PlanFlow::compareState() const {
  const PlanState* before = document_.before();
  if (document_.empty() || before == nullptr) return {Phase::Blocked, tr("no plan is open")};
  if (before->plan() == document_.plan())
    return {Phase::Blocked, tr("the plan is still %1").arg(document_.beforeName().toHtmlEscaped())};
  const Phase phase = compared_ ? Phase::Done : Phase::Possible;
  const auto was = plan_imbalance(*before), now = plan_imbalance(document_.state());
  const PlanCopies moves = document_.moves();
  const QString copies =
      counted(static_cast<quint64>(moves.copies_in_all()), tr("copy"), tr("copies"));
  if (!was || !now) return {phase, tr("%1; balance needs loads").arg(copies)};
  // Two lines have room for no more: the bytes are on the pages.
  return {phase,
          tr("%1: %2, %3; %4")
              .arg(document_.serving().ruleTitle().toHtmlEscaped(), imbalance_text(now->mean),
                   delta_html(imbalance_delta(was->mean, now->mean), Theme::of(steps_.palette())),
                   copies)};
}

PlanStepState PlanFlow::predictState() const {
  if (!predict_.shortText().isEmpty()) return {Phase::Done, predict_.shortText()};
  const QString why = predict_.obstacle();
  if (why.isEmpty()) return {Phase::Possible, tr("time of a step, memory, time to move")};
  // What is missing can be chosen on the page.
  const QStringList missing = document_.serving().missing();
  const bool judged = !document_.empty() && document_.state().has_loads();
  if (missing.isEmpty() || !judged || has_errors(document_.state().problems()))
    return {Phase::Blocked, why.toHtmlEscaped()};
  return {Phase::Possible, tr("choose %1").arg(missing.join(tr(", ")))};
}

PlanStepState PlanFlow::finishState() const {
  if (document_.empty()) return {Phase::Blocked, tr("no plan is open")};
  if (has_errors(document_.state().problems()))
    return {Phase::Blocked, tr("the plan has errors; see Problems")};
  const PlanPtr& running = document_.loads().runningPlan();
  if (running && *running == document_.plan()) return {Phase::Done, tr("this plan runs")};
  if (!exported_.isEmpty())
    return {Phase::Done, tr("exported as %1").arg(exported_.toHtmlEscaped())};
  if (apply_ && apply_->isEnabled())
    return {Phase::Possible, tr("to the attached runtime, or to a file for an engine")};
  const QString why = apply_ ? apply_->statusTip().toHtmlEscaped() : QString();
  return {Phase::Possible,
          tr("export for an engine; %1").arg(why.isEmpty() ? tr("no runtime is attached") : why)};
}

void PlanFlow::refresh() {
  PlanStepState states[] = {solveState(), compareState(), predictState(), finishState()};
  for (PlanStepState& state : states) {
    if (state.phase == Phase::Running) break;
    if (state.phase != Phase::Possible) continue;
    state.phase = Phase::Next;
    break;
  }
  const auto possible = [&](PlanFlowStep step) {
    return states[static_cast<int>(step)].phase != Phase::Blocked;
  };
  steps_.solve().setEnabled(possible(PlanFlowStep::Solve) && !solver_.running());
  steps_.compare().setEnabled(possible(PlanFlowStep::Compare));
  steps_.predict().setEnabled(!document_.empty());
  steps_.apply().setEnabled(apply_ && apply_->isEnabled());
  steps_.exportPlan().setEnabled(possible(PlanFlowStep::Finish));
  for (int i = 0; i < kPlanFlowSteps; ++i) steps_.setStep(static_cast<PlanFlowStep>(i), states[i]);
  steps_.setAccessibleName(tr("Steps of the plan"));
  steps_.setAccessibleDescription(steps_.summary());
}

}  // namespace moescope
