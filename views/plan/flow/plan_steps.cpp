#include "views/plan/flow/plan_steps.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QTextDocumentFragment>
#include <QVBoxLayout>

#include "views/common/theme.h"
#include "views/common/verdict_color.h"

namespace moescope {
namespace {

using Phase = PlanStepState::Phase;

QString step_word(PlanFlowStep step) {
  switch (step) {
    case PlanFlowStep::Solve:
      return PlanSteps::tr("Solve");
    case PlanFlowStep::Compare:
      return PlanSteps::tr("Compare");
    case PlanFlowStep::Predict:
      return PlanSteps::tr("Predict");
    case PlanFlowStep::Finish:
      break;
  }
  return PlanSteps::tr("Apply or export");
}

QString phase_word(Phase phase) {
  switch (phase) {
    case Phase::Blocked:
      return PlanSteps::tr("not possible");
    case Phase::Possible:
      return PlanSteps::tr("possible");
    case Phase::Next:
      return PlanSteps::tr("next");
    case Phase::Running:
      return PlanSteps::tr("running");
    case Phase::Done:
      break;
  }
  return PlanSteps::tr("done");
}

QString plain(const QString& rich) {
  return QTextDocumentFragment::fromHtml(rich).toPlainText();
}

}  // namespace

PlanSteps::PlanSteps(QWidget* parent) : QWidget(parent) {
  setObjectName("planSteps");
  auto* line = new QHBoxLayout(this);
  line->setContentsMargins(8, 4, 8, 2);
  line->setSpacing(10);
  solve_ = makeButton("stepSolve", step_word(PlanFlowStep::Solve),
                      tr("Make a full plan from the open loads; other ways are in the list"));
  solve_->setPopupMode(QToolButton::MenuButtonPopup);
  compare_ = makeButton("stepCompare", step_word(PlanFlowStep::Compare),
                        tr("Before, after and bound of every layer, and what has to be copied"));
  predict_ = makeButton("stepPredict", step_word(PlanFlowStep::Predict),
                        tr("Time of a step under the plan, memory, and the time to move there"));
  apply_ = makeButton("stepApply", tr("Apply…"),
                      tr("Ask the attached runtime what would move, then apply the plan"));
  export_ = makeButton("stepExport", tr("Export…"),
                       tr("Write the file that an engine takes, and show its launch flag"));
  addStep(PlanFlowStep::Solve, {solve_});
  addStep(PlanFlowStep::Compare, {compare_});
  addStep(PlanFlowStep::Predict, {predict_});
  addStep(PlanFlowStep::Finish, {apply_, export_});
}

QToolButton* PlanSteps::makeButton(const QString& name, const QString& text, const QString& tip) {
  auto* button = new QToolButton(this);
  button->setObjectName(name);
  button->setText(text);
  button->setToolTip(tip);
  button->setFocusPolicy(Qt::StrongFocus);
  button->setToolButtonStyle(Qt::ToolButtonTextOnly);
  return button;
}

void PlanSteps::addStep(PlanFlowStep step, const QList<QToolButton*>& buttons) {
  auto* card = new QWidget(this);
  auto* mark = new QLabel(card);
  mark->setAlignment(Qt::AlignCenter);
  mark->setFixedWidth(fontMetrics().horizontalAdvance(QStringLiteral("00")));
  auto* head = new QHBoxLayout;
  head->setSpacing(4);
  head->addWidget(mark);
  for (QToolButton* button : buttons) head->addWidget(button);
  head->addStretch(1);
  auto* text = new QLabel(card);
  text->setObjectName(QStringLiteral("stepText%1").arg(index(step)));
  text->setTextFormat(Qt::RichText);
  text->setWordWrap(true);
  text->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  // Two lines, whatever stands there: a strip that grows would move the board under the pointer.
  text->setFixedHeight(2 * fontMetrics().lineSpacing() + 2);
  text->setMinimumWidth(1);
  auto* lines = new QVBoxLayout(card);
  lines->setContentsMargins(0, 0, 0, 0);
  lines->setSpacing(1);
  lines->addLayout(head);
  lines->addWidget(text);
  static_cast<QHBoxLayout*>(layout())->addWidget(card, 1);
  marks_[index(step)] = mark;
  texts_[index(step)] = text;
  first_[index(step)] = buttons.front();
  showStep(step);
}

void PlanSteps::setStep(PlanFlowStep step, const PlanStepState& state) {
  PlanStepState& shown = states_[index(step)];
  if (shown.phase == state.phase && shown.text == state.text) return;
  shown = state;
  showStep(step);
}

void PlanSteps::showStep(PlanFlowStep step) {
  const PlanStepState& state = states_[index(step)];
  const Theme& theme = Theme::of(palette());
  const bool done = state.phase == Phase::Done, next = state.phase == Phase::Next;
  QLabel* mark = marks_[index(step)];
  mark->setText(done ? QStringLiteral("<b>✓</b>")
                     : QStringLiteral("<b>%1</b>").arg(index(step) + 1));
  const QColor color = done                            ? better_color(theme)
                       : state.phase == Phase::Blocked ? theme.muted_text
                                                       : theme.text;
  QPalette ink = palette();
  ink.setColor(QPalette::WindowText, color);
  mark->setPalette(ink);
  QPalette words = palette();
  words.setColor(QPalette::WindowText,
                 state.phase == Phase::Blocked ? theme.muted_text : theme.text);
  QLabel* text = texts_[index(step)];
  text->setPalette(words);
  text->setText(state.text);
  const QString said =
      tr("%1, %2: %3").arg(step_word(step), phase_word(state.phase), plain(state.text));
  text->setToolTip(said);
  mark->setToolTip(said);
  // The next step is the one to press, where it can be pressed.
  QToolButton* button = first_[index(step)];
  QPalette face = palette();
  if (next && button->isEnabled()) {
    face.setColor(QPalette::Button, theme.selection);
    face.setColor(QPalette::ButtonText, Theme::text_on(theme.selection));
  }
  button->setPalette(face);
  button->setAccessibleDescription(said);
}

QString PlanSteps::summary() const {
  QStringList steps;
  for (const auto step :
       {PlanFlowStep::Solve, PlanFlowStep::Compare, PlanFlowStep::Predict, PlanFlowStep::Finish}) {
    const PlanStepState& state = states_[index(step)];
    steps << tr("%1, %2: %3").arg(step_word(step), phase_word(state.phase), plain(state.text));
  }
  return steps.join(QStringLiteral(". "));
}

void PlanSteps::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && export_ != nullptr)
    for (const auto step :
         {PlanFlowStep::Solve, PlanFlowStep::Compare, PlanFlowStep::Predict, PlanFlowStep::Finish})
      showStep(step);
  if (event->type() == QEvent::FontChange)
    for (QLabel* text : texts_)
      if (text != nullptr) text->setFixedHeight(2 * text->fontMetrics().lineSpacing() + 2);
}

}  // namespace moescope
