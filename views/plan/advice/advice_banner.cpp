#include "views/plan/advice/advice_banner.h"

#include <QEvent>
#include <QHBoxLayout>

#include "core/advise/advise.h"
#include "views/common/units.h"
#include "views/plan/advice/advice_text.h"

namespace moescope {
namespace {
constexpr int kBarWidth = 120;  // px
}

AdviceBanner::AdviceBanner(PlanAdvisor& advisor, QWidget* parent)
    : QWidget(parent), advisor_(advisor) {
  setObjectName("adviceBanner");
  setAccessibleName(tr("Whether to change the plan"));
  auto* line = new QHBoxLayout(this);
  line->setContentsMargins(8, 3, 8, 1);
  head_ = new QLabel(this);
  head_->setObjectName("adviceVerdict");
  line->addWidget(head_);
  text_ = new QLabel(this);
  text_->setObjectName("adviceReason");
  text_->setTextFormat(Qt::PlainText);
  text_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  text_->installEventFilter(this);
  line->addWidget(text_, 1);
  bar_ = new QProgressBar(this);
  bar_->setObjectName("adviceBar");
  bar_->setFixedWidth(kBarWidth);
  bar_->setRange(0, 100);
  bar_->setMaximumHeight(fontMetrics().height() + 4);
  line->addWidget(bar_);
  ask_ = addButton("adviceAsk", tr("Judge now"),
                   tr("Predict what changes of the plan would gain and cost"));
  cancel_ = addButton("adviceCancel", tr("Cancel"), tr("Stop judging the plan"));
  choose_ = addButton("adviceChoose", tr("Choose…"),
                      tr("Go to the choice of hardware, model and serving unit"));
  details_ = addButton("adviceDetails", tr("Details"),
                       tr("What each change would gain and cost, and what is not known"));
  connect(ask_, &QToolButton::clicked, &advisor_, &PlanAdvisor::ask);
  connect(cancel_, &QToolButton::clicked, &advisor_, &PlanAdvisor::cancel);
  connect(choose_, &QToolButton::clicked, this, &AdviceBanner::choiceRequested);
  connect(details_, &QToolButton::clicked, this, &AdviceBanner::detailsRequested);
  connect(&advisor_, &PlanAdvisor::changed, this, &AdviceBanner::refresh);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  refresh();
}

QToolButton* AdviceBanner::addButton(const QString& name, const QString& text, const QString& tip) {
  auto* button = new QToolButton(this);
  button->setObjectName(name);
  button->setText(text);
  button->setToolTip(tip);
  button->setFocusPolicy(Qt::StrongFocus);
  layout()->addWidget(button);
  return button;
}

void AdviceBanner::refresh() {
  const Theme& theme = Theme::of(palette());
  const QString obstacle = advisor_.obstacle();
  const Advice* advice = advisor_.advice();
  const bool running = advisor_.running();
  const QString question = tr("Change the plan?");
  if (advice != nullptr)
    show(verdict_title(advice->verdict), advice_color(advice->verdict, theme),
         with_window_units(advice->reason));
  else if (running)
    show(question, theme.text,
         advisor_.stage().isEmpty() ? tr("Judging…") : tr("Judging: %1").arg(advisor_.stage()));
  else if (!obstacle.isEmpty())
    show(question, theme.muted_text, obstacle);
  else if (!advisor_.problem().isEmpty())
    show(question, theme.muted_text, advisor_.problem());
  else
    show(question, theme.muted_text, tr("Not judged yet."));
  bar_->setValue(static_cast<int>(100 * advisor_.fraction()));
  bar_->setVisible(running);
  cancel_->setVisible(running);
  choose_->setVisible(advice == nullptr && advisor_.needsChoices());
  ask_->setVisible(advice == nullptr && !running && obstacle.isEmpty());
  details_->setVisible(advice != nullptr);
}

void AdviceBanner::show(const QString& head, const QColor& color, const QString& text) {
  QPalette ink = palette();
  ink.setColor(QPalette::WindowText, color);
  head_->setPalette(ink);
  head_->setText(QStringLiteral("<b>%1</b>").arg(head.toHtmlEscaped()));
  said_ = text;
  whole_ = QStringLiteral("%1: %2").arg(head, text);
  setAccessibleDescription(whole_);
  setToolTip(whole_);
  fit();
}

/// One line, whatever is said: a banner that grows would move the board under the pointer.
void AdviceBanner::fit() {
  const QString shown = fontMetrics().elidedText(said_, Qt::ElideRight, text_->width());
  if (shown != text_->text()) text_->setText(shown);
}

QSize AdviceBanner::sizeHint() const {
  const QMargins margins = layout()->contentsMargins();
  const int least = details_->sizeHint().height() + margins.top() + margins.bottom();
  return QWidget::sizeHint().expandedTo({0, least});
}

QSize AdviceBanner::minimumSizeHint() const {
  return {QWidget::minimumSizeHint().width(), sizeHint().height()};
}

bool AdviceBanner::eventFilter(QObject* watched, QEvent* event) {
  if (watched == text_ && event->type() == QEvent::Resize) fit();
  return QWidget::eventFilter(watched, event);
}

void AdviceBanner::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (details_ != nullptr && event->type() == QEvent::PaletteChange) refresh();
  if (details_ != nullptr && event->type() == QEvent::FontChange) fit();
}

}  // namespace moescope
