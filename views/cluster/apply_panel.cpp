#include "views/cluster/apply_panel.h"

#include <QApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QVBoxLayout>

#include "views/cluster/effect_text.h"
#include "views/common/delta.h"
#include "views/common/units.h"

namespace moescope {
namespace {

QTableWidget* make_table(QWidget* parent, const QString& name, const QString& accessible,
                         const QStringList& columns) {
  auto* table = new QTableWidget(0, static_cast<int>(columns.size()), parent);
  table->setObjectName(name);
  table->setAccessibleName(accessible);
  table->setHorizontalHeaderLabels(columns);
  table->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table->setSelectionMode(QAbstractItemView::NoSelection);
  table->setFrameShape(QFrame::NoFrame);
  table->setShowGrid(false);
  table->setAlternatingRowColors(true);
  table->verticalHeader()->hide();
  table->verticalHeader()->setDefaultSectionSize(table->fontMetrics().height() + 6);
  table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  return table;
}

/// As tall as its rows, at most `rows` of them.
void fit_height(QTableWidget* table, int rows) {
  const int shown = std::min(table->rowCount(), rows);
  table->setFixedHeight(table->horizontalHeader()->sizeHint().height() +
                        shown * table->verticalHeader()->defaultSectionSize() + 2);
}

QTableWidgetItem* number(const QString& text) {
  auto* item = new QTableWidgetItem(text);
  item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
  return item;
}

QString experts(int count) {
  return counted(static_cast<quint64>(count), ApplyPanel::tr("expert"), ApplyPanel::tr("experts"));
}

}  // namespace

ApplyPanel::ApplyPanel(QWidget* parent) : QFrame(parent) {
  setObjectName("applyPanel");
  setFrameShape(QFrame::StyledPanel);
  text_ = new QLabel(this);
  text_->setObjectName("applyText");
  text_->setWordWrap(true);
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  phase_ = new QLabel(this);
  phase_->setObjectName("applyPhase");
  phase_->setWordWrap(true);
  bar_ = new QProgressBar(this);
  bar_->setRange(0, 1000);
  bar_->setAccessibleName(tr("Progress of the change of plan"));
  moves_ = make_table(this, "applyMoves", tr("Expert weights to move, by rank"),
                      {tr("Rank"), tr("Takes in"), tr("Gives")});
  effect_ = make_table(this, "applyEffect", tr("Predicted and measured effect of the plan"),
                       {QString(), tr("Before"), tr("Predicted"), tr("Measured")});
  for (int column = 1; column < 4; ++column)
    effect_->horizontalHeader()->setSectionResizeMode(column, QHeaderView::ResizeToContents);
  verdict_ = new QLabel(this);
  verdict_->setObjectName("applyVerdict");
  verdict_->setWordWrap(true);
  verdict_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  const auto button = [this](const QString& name, const QString& text, const QString& tip,
                             void (ApplyPanel::*signal)()) {
    auto* made = new QPushButton(text, this);
    made->setObjectName(name);
    made->setToolTip(tip);
    connect(made, &QPushButton::clicked, this, signal);
    return made;
  };
  check_ = button("applyCheck", tr("Apply plan…"),
                  tr("Ask the runtime what the edited plan would move; nothing changes yet"),
                  &ApplyPanel::checkRequested);
  apply_ = button("applyNow", tr("Apply"),
                  tr("Copy the weights, change the plan at a step boundary and verify it"),
                  &ApplyPanel::applyRequested);
  cancel_ = button("applyCancel", tr("Cancel"), tr("Leave the running plan as it is"),
                   &ApplyPanel::dismissed);
  abandon_ = button("applyAbandon", tr("Abandon"), tr("Abandon the change unless it is committed"),
                    &ApplyPanel::abandonRequested);
  roll_back_ =
      button("applyRollBack", tr("Roll back"),
             tr("Go back to the plan before the last applied one"), &ApplyPanel::rollBackRequested);
  close_ = button("applyClose", tr("Done"), tr("Close the result"), &ApplyPanel::dismissed);
  auto* buttons = new QHBoxLayout;
  for (QPushButton* b : {check_, apply_, cancel_, abandon_, roll_back_, close_})
    buttons->addWidget(b);
  buttons->addStretch(1);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(8, 6, 8, 6);
  layout->addWidget(text_);
  layout->addWidget(moves_);
  layout->addWidget(phase_);
  layout->addWidget(bar_);
  layout->addWidget(effect_);
  layout->addWidget(verdict_);
  layout->addLayout(buttons);
  roll_back_->setEnabled(false);
  effect_->hide();
  verdict_->hide();
  setUnavailable(tr("No runtime is attached."));
}

void ApplyPanel::become(Step step, const QString& text) {
  const bool focused = isAncestorOf(QApplication::focusWidget());
  step_ = step;
  text_->setText(text);
  check_->setVisible(step == Step::Unavailable || step == Step::Ready);
  check_->setEnabled(step == Step::Ready);
  apply_->setVisible(step == Step::Confirm);
  cancel_->setVisible(step == Step::Confirm);
  moves_->setVisible(step == Step::Confirm && moves_->rowCount() > 0);
  phase_->setVisible(step == Step::Running);
  bar_->setVisible(step == Step::Checking || step == Step::Running);
  abandon_->setVisible(step == Step::Running);
  close_->setVisible(step == Step::Ended);
  roll_back_->setVisible(step != Step::Confirm && step != Step::Running && step != Step::Checking);
  if (focused) harmlessWidget()->setFocus(Qt::OtherFocusReason);
}

/// Where the focus goes when the button that had it disappears: a second press of Return must
/// neither apply a plan nor roll one back.
QWidget* ApplyPanel::harmlessWidget() {
  if (step_ == Step::Confirm) return cancel_;
  if (step_ == Step::Ended) return close_;
  return step_ == Step::Ready ? static_cast<QWidget*>(check_) : this;
}

void ApplyPanel::setUnavailable(const QString& why) {
  become(Step::Unavailable, why);
}

void ApplyPanel::setReady(const QString& what) {
  become(Step::Ready, what);
}

void ApplyPanel::setChecking() {
  bar_->setRange(0, 0);
  become(Step::Checking, tr("Asking the runtime what would move…"));
}

void ApplyPanel::fillMoves(const std::vector<GpuMoves>& moves) {
  moves_->setRowCount(static_cast<int>(moves.size()));
  for (int row = 0; row < moves_->rowCount(); ++row) {
    const GpuMoves& of = moves[static_cast<std::size_t>(row)];
    moves_->setItem(row, 0, new QTableWidgetItem(tr("rank %1 of a unit").arg(of.gpu)));
    moves_->setItem(row, 1, number(experts(of.takes)));
    moves_->setItem(row, 2, number(experts(of.gives)));
  }
  fit_height(moves_, 8);
}

void ApplyPanel::showCheck(const PlanOutcome& outcome, const std::vector<GpuMoves>& moves) {
  if (!outcome.done) {
    moves_->setRowCount(0);
    become(Step::Ended, tr("The runtime refuses this plan: %1. Nothing was changed.")
                            .arg(QString::fromStdString(outcome.reason())));
    return;
  }
  fillMoves(moves);
  const NodePlanChange& change = outcome.change;
  become(Step::Confirm,
         change.moves == 0
             ? tr("No weights have to move; tokens are split differently over the replicas.")
             : tr("%1 copies of experts in both units together, %2 in all. Requests go on during "
                  "the change; the plan changes for all ranks at one step boundary and is verified "
                  "before it is used.")
                   .arg(format_count(static_cast<quint64>(change.moves)),
                        format_bytes(change.bytes_total)));
}

void ApplyPanel::setRunning() {
  effect_->hide();
  verdict_->hide();
  phase_->clear();
  bar_->setRange(0, 1000);
  bar_->setValue(0);
  become(Step::Running, tr("Changing the plan of the running engine."));
}

void ApplyPanel::showProgress(const NodePlanChange& change) {
  if (step_ != Step::Running) return;
  bar_->setValue(static_cast<int>(change.fraction() * 1000));
  QString text = to_string(change.phase);
  if (change.bytes_total > 0)
    text += tr(": %1 of %2 copied")
                .arg(format_bytes(change.bytes_done), format_bytes(change.bytes_total));
  if (change.slots_probed > 0)
    text += tr(", %1 of %2 slots verified").arg(change.slots_probed).arg(change.slot_count);
  phase_->setText(text);
}

void ApplyPanel::showOutcome(const PlanOutcome& outcome) {
  const NodePlanChange& change = outcome.change;
  if (!outcome.done) {
    become(Step::Ended, tr("Not done: %1. The plan of epoch %2 goes on.")
                            .arg(QString::fromStdString(outcome.reason()))
                            .arg(change.epoch));
    return;
  }
  QString text = tr("Done: epoch %1 is in force").arg(change.epoch);
  if (change.decode_step > 0)
    text += tr(" since prefill step %1 and decode step %2")
                .arg(change.prefill_step)
                .arg(change.decode_step);
  text += tr("; %1 copies, %2 (%3 of it between nodes), in %4.")
              .arg(format_count(static_cast<quint64>(change.moves)),
                   format_bytes(change.bytes_total), format_bytes(change.ib_bytes),
                   format_time(static_cast<TimeNs>(change.seconds * 1e9)));
  if (change.slot_count > 0)
    text += tr(" Verified: a probe batch went through %1 of %2 slots.")
                .arg(change.slots_probed)
                .arg(change.slot_count);
  become(Step::Ended, text);
}

void ApplyPanel::showFailure(const QString& error) {
  become(Step::Ended, error);
}

void ApplyPanel::setEffect(const PlanEffect& effect) {
  const auto rows = effect_rows(effect);
  const Theme& theme = Theme::of(palette());
  effect_->setRowCount(static_cast<int>(rows.size()));
  for (int row = 0; row < effect_->rowCount(); ++row) {
    const EffectRow& of = rows[static_cast<std::size_t>(row)];
    auto* title = new QTableWidgetItem(of.name);
    title->setToolTip(of.tip);
    effect_->setItem(row, 0, title);
    effect_->setItem(row, 1, number(of.before()));
    effect_->setItem(row, 2, number(of.predicted().replace(" (", "\n(")));
    effect_->setItem(row, 3, number(of.measured().replace(" (", "\n(")));
    const std::pair<int, Verdict> cells[] = {{2, of.predicted_verdict()},
                                             {3, of.measured_verdict()}};
    for (const auto& [column, verdict] : cells)
      if (verdict != Verdict::Same)
        effect_->item(row, column)->setForeground(verdict_color(verdict, theme));
  }
  effect_->resizeRowsToContents();
  int height = effect_->horizontalHeader()->sizeHint().height() + 2;
  for (int row = 0; row < effect_->rowCount(); ++row) height += effect_->rowHeight(row);
  effect_->setFixedHeight(height);
  effect_->setVisible(!rows.empty());
  const QString verdict = effect_verdict(effect);
  verdict_->setText(verdict);
  verdict_->setToolTip(effect_model(effect));
  verdict_->setVisible(!verdict.isEmpty());
}

void ApplyPanel::setCanRollBack(bool can) {
  roll_back_->setEnabled(can);
}

}  // namespace moescope
