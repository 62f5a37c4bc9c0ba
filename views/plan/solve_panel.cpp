#include "views/plan/solve_panel.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QVBoxLayout>
#include <cmath>

#include "views/plan/solve_terms.h"

namespace moescope {

SolvePanel::SolvePanel(PlanDocument& document, PlanSolver& solver, QWidget* parent)
    : QWidget(parent), document_(document), solver_(solver) {
  setObjectName("planSolve");
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(6, 6, 6, 6);
  terms_ = new QLabel(this);
  terms_->setObjectName("solveTerms");
  terms_->setWordWrap(true);
  terms_->setTextFormat(Qt::RichText);
  terms_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  column->addWidget(terms_);
  resplit_ = addButton("solveResplit", tr("1  Re-split tokens"),
                       tr("Another split of each expert's tokens over its replicas. No weights "
                          "move; engines must support replica weights."),
                       SolveAction::Resplit);
  migrate_ = addButton("solveMigrate", tr("2  Bounded migration"),
                       tr("Moves at most the given number of experts per layer, counted from the "
                          "plan before"),
                       SolveAction::Migrate);
  full_ = addButton(
      "solveFull", tr("3  Full plan"),
      tr("The best plan for these slots, relabelled so that few experts move from the plan before"),
      SolveAction::Full);
  auto* form = new QFormLayout;
  form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  addOptions(*form);
  column->addLayout(form);
  bar_ = new QProgressBar(this);
  bar_->setObjectName("solveBar");
  bar_->setFormat(tr("%v of %m layers"));
  reached_ = new QLabel(this);
  reached_->setObjectName("solveReached");
  reached_->setWordWrap(true);
  why_ = new QLabel(this);
  why_->setObjectName("solveWhy");
  why_->setWordWrap(true);
  cancel_ = new QPushButton(tr("Cancel"), this);
  cancel_->setObjectName("solveCancel");
  cancel_->setToolTip(tr("End the solve and leave the plan as it is"));
  keep_ = new QPushButton(tr("Use best so far"), this);
  keep_->setObjectName("solveKeep");
  keep_->setToolTip(tr("End the solve and take the layers that are solved"));
  auto* buttons = new QHBoxLayout;
  buttons->addWidget(keep_);
  buttons->addWidget(cancel_);
  column->addWidget(bar_);
  column->addWidget(reached_);
  column->addLayout(buttons);
  column->addWidget(why_);
  column->addStretch(1);
  connect(cancel_, &QPushButton::clicked, &solver_, &PlanSolver::cancel);
  connect(keep_, &QPushButton::clicked, &solver_, &PlanSolver::takeBestSoFar);
  connect(&solver_, &PlanSolver::started, this, &SolvePanel::refresh);
  connect(&solver_, &PlanSolver::finished, this, &SolvePanel::refresh);
  connect(&solver_, &PlanSolver::progressed, this, &SolvePanel::showProgress);
  for (const auto signal : {&PlanDocument::committed, &PlanDocument::figuresChanged,
                            &PlanDocument::constraintsChanged, &PlanDocument::replaced})
    connect(&document_, signal, this, &SolvePanel::refresh);
  // Chosen windows may change without the figures.
  connect(&document_.loads(), &LoadDocument::windowsChanged, this, &SolvePanel::showTerms);
  connect(&document_.serving(), &ServingSetup::changed, this, &SolvePanel::refresh);
  refresh();
}

QPushButton* SolvePanel::addButton(const QString& name, const QString& text, const QString& tip,
                                   SolveAction action) {
  auto* button = new QPushButton(text, this);
  button->setObjectName(name);
  button->setToolTip(tip);
  layout()->addWidget(button);
  connect(button, &QPushButton::clicked, this, [this, action] { solver_.solve(request(action)); });
  return button;
}

void SolvePanel::addOptions(QFormLayout& form) {
  const auto add = [&](const QString& text, QWidget* field, const QString& name,
                       const QString& tip) {
    field->setObjectName(name);
    field->setToolTip(tip);
    field->setAccessibleName(text);
    form.addRow(text, field);
  };
  copies_ = new QSpinBox(this);
  copies_->setRange(0, 1 << 18);
  copies_->setValue(16);
  add(tr("Max. copies per layer"), copies_, "solveCopies",
      tr("Of a bounded migration: experts that GPUs must receive, in one layer"));
  hierarchy_ = new QComboBox(this);
  hierarchy_->addItem(tr("anywhere"), static_cast<int>(Hierarchy::Off));
  hierarchy_->addItem(tr("prefer their node"), static_cast<int>(Hierarchy::Soft));
  hierarchy_->addItem(tr("stay on their node"), static_cast<int>(Hierarchy::Hard));
  add(tr("Routing groups"), hierarchy_, "solveHierarchy",
      tr("Whether the replicas of a routing group stay on the group's node, so that fewer tokens "
         "cross nodes"));
  windows_ = new QSpinBox(this);
  windows_->setRange(1, 64);
  windows_->setValue(1);
  add(tr("Window groups"), windows_, "solveWindows",
      tr("Balance this many groups of the chosen windows as well as their sum, so that the plan is "
         "good for each; 1: the sum only"));
  connected_ = new QCheckBox(tr("Connected: replicas join all GPUs"), this);
  connected_->setObjectName("solveConnected");
  connected_->setToolTip(
      tr("A new split of tokens can then follow drift without moving weights. "
         "Needs as many redundant slots as GPUs less one."));
  form.addRow(connected_);
  best_split_ = new QCheckBox(tr("Write replica weights"), this);
  best_split_->setObjectName("solveSplit");
  best_split_->setToolTip(tr("The best split of tokens becomes part of the plan"));
  form.addRow(best_split_);
  hold_out_ = new QCheckBox(tr("Judge on later windows"), this);
  hold_out_->setObjectName("solveHoldOut");
  hold_out_->setChecked(true);
  hold_out_->setToolTip(
      tr("The plan is made from the earlier three quarters of the chosen windows, and its figures "
         "are of the later ones: how it does on loads that it has not seen. Needs several windows "
         "that follow one another in time."));
  form.addRow(hold_out_);
  watchOptions();
}

void SolvePanel::watchOptions() {
  const auto changed = [this] {
    showTerms();
    Q_EMIT requestChanged();
  };
  for (QSpinBox* box : {copies_, windows_}) connect(box, &QSpinBox::valueChanged, this, changed);
  connect(hierarchy_, &QComboBox::currentIndexChanged, this, changed);
  for (QCheckBox* box : {connected_, best_split_, hold_out_})
    connect(box, &QCheckBox::toggled, this, changed);
}

void SolvePanel::showTerms() {
  terms_->setText(solve_terms(document_, solver_, request(SolveAction::Full)));
}

SolveRequest SolvePanel::request(SolveAction action) const {
  SolveRequest request;
  request.action = action;
  request.hierarchy = static_cast<Hierarchy>(hierarchy_->currentData().toInt());
  request.connected = connected_->isChecked();
  request.best_split = best_split_->isChecked();
  request.rules = document_.serving().rulesToSolveFor();
  request.max_copies = copies_->value();
  request.window_groups = windows_->value();
  request.hold_out = hold_out_->isChecked();
  return request;
}

void SolvePanel::refresh() {
  const bool running = solver_.running();
  showTerms();
  QString why;
  for (const auto& [button, action] :
       {std::pair(resplit_, SolveAction::Resplit), std::pair(migrate_, SolveAction::Migrate),
        std::pair(full_, SolveAction::Full)}) {
    const QString obstacle = solver_.obstacle(request(action));
    button->setEnabled(!running && obstacle.isEmpty());
    if (!obstacle.isEmpty()) why = obstacle;
  }
  why_->setText(why);
  why_->setVisible(!why.isEmpty());
  for (QWidget* widget : {static_cast<QWidget*>(bar_), static_cast<QWidget*>(reached_),
                          static_cast<QWidget*>(cancel_), static_cast<QWidget*>(keep_)})
    widget->setVisible(running);
  if (running) {
    bar_->setRange(0, document_.plan().layers());
    bar_->setValue(0);
    reached_->clear();
  }
}

void SolvePanel::showProgress(const SolveProgress& progress) {
  bar_->setRange(0, progress.layers);
  bar_->setValue(progress.done);
  double sum = 0;
  for (const double v : progress.imbalance)
    if (!std::isnan(v)) sum += v;
  if (progress.done > 0)
    reached_->setText(tr("Best so far: mean imbalance %1 with equal shares over %2 solved layers")
                          .arg(sum / progress.done, 0, 'f', 4)
                          .arg(progress.done));
}

}  // namespace moescope
