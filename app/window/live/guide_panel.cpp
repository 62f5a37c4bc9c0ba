#include "app/window/live/guide_panel.h"

#include <QHBoxLayout>
#include <QToolButton>
#include <algorithm>

namespace moescope {

GuidePanel::GuidePanel(QWidget* parent) : QFrame(parent) {
  setObjectName("guidePanel");
  setAccessibleName(tr("First steps"));
  setAutoFillBackground(true);
  setBackgroundRole(QPalette::AlternateBase);
  where_ = new QLabel(this);
  where_->setObjectName("guideWhere");
  QFont bold = where_->font();
  bold.setBold(true);
  where_->setFont(bold);
  text_ = new QLabel(this);
  text_->setObjectName("guideText");
  text_->setWordWrap(true);
  do_ = new QPushButton(this);
  do_->setObjectName("guideDo");
  next_ = new QPushButton(tr("Next"), this);
  next_->setObjectName("guideNext");
  auto* close = new QToolButton(this);
  close->setObjectName("guideClose");
  close->setText(QString::fromUtf8("✕"));
  close->setAutoRaise(true);
  close->setToolTip(tr("End the first steps"));
  close->setAccessibleName(tr("End the first steps"));
  auto* line = new QHBoxLayout(this);
  constexpr int kMargin = 5;
  line->setContentsMargins(2 * kMargin, kMargin, kMargin, kMargin);
  // Always two lines of text, so that the buttons stay where they are from step to step.
  setFixedHeight(2 * kMargin +
                 std::max(2 * fontMetrics().lineSpacing(), next_->sizeHint().height()));
  line->setSpacing(10);
  line->addWidget(where_);
  line->addWidget(text_, 1);
  line->addWidget(do_);
  line->addWidget(next_);
  line->addWidget(close);
  connect(do_, &QPushButton::clicked, this, [this] {
    if (running()) steps_[static_cast<std::size_t>(step_)].run();
  });
  connect(next_, &QPushButton::clicked, this, [this] { show(step_ + 1); });
  connect(close, &QToolButton::clicked, this, &GuidePanel::end);
  hide();
}

void GuidePanel::begin(std::vector<GuideStep> steps) {
  steps_ = std::move(steps);
  show(0);
}

void GuidePanel::done(int step) {
  if (step == step_) show(step_ + 1);
}

void GuidePanel::setText(int step, const QString& text) {
  if (step < 0 || step >= static_cast<int>(steps_.size())) return;
  steps_[static_cast<std::size_t>(step)].text = text;
  if (step == step_) text_->setText(text);
}

void GuidePanel::show(int step) {
  if (step >= static_cast<int>(steps_.size())) {
    end();
    return;
  }
  step_ = step;
  const GuideStep& now = steps_[static_cast<std::size_t>(step)];
  where_->setText(tr("%1 of %2  %3").arg(step + 1).arg(steps_.size()).arg(now.title));
  text_->setText(now.text);
  do_->setText(now.button);
  do_->setVisible(!now.button.isEmpty());
  next_->setText(step + 1 == static_cast<int>(steps_.size()) ? tr("Finish")
                 : now.waits                                 ? tr("Skip")
                                                             : tr("Next"));
  setVisible(true);
}

void GuidePanel::end() {
  step_ = -1;
  hide();
  Q_EMIT ended();
}

}  // namespace moescope
