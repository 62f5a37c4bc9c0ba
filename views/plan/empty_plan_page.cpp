#include "views/plan/empty_plan_page.h"

namespace moescope {
namespace {
constexpr int kButtonWidth = 280;  // px
}

EmptyPlanPage::EmptyPlanPage(QWidget* parent) : QWidget(parent) {
  setObjectName("planEmpty");
  text_ = new QLabel(tr("<b>No plan is open.</b><br>A plan says which GPU holds which expert. Make "
                        "one from the open loads, open one, or attach to a runtime to see the one "
                        "that runs."),
                     this);
  text_->setObjectName("planEmptyText");
  text_->setWordWrap(true);
  text_->setAlignment(Qt::AlignCenter);
  lines_ = new QVBoxLayout(this);
  lines_->setContentsMargins(24, 12, 24, 12);
  lines_->addStretch(1);
  lines_->addWidget(text_);
  lines_->addStretch(1);
}

void EmptyPlanPage::setActions(const QList<QAction*>& actions) {
  qDeleteAll(buttons_);
  buttons_.clear();
  actions_ = actions;
  int place = 2;
  for (QAction* action : actions_) {
    auto* button = new QPushButton(this);
    button->setObjectName(QStringLiteral("planEmpty_") + action->objectName());
    button->setMinimumWidth(kButtonWidth);
    lines_->insertWidget(place++, button, 0, Qt::AlignHCenter);
    buttons_ << button;
    connect(button, &QPushButton::clicked, action, &QAction::trigger);
    connect(action, &QAction::changed, this, &EmptyPlanPage::refresh);
  }
  setFocusProxy(buttons_.isEmpty() ? nullptr : buttons_.front());
  refresh();
}

void EmptyPlanPage::refresh() {
  bool marked = false;
  for (qsizetype i = 0; i < buttons_.size(); ++i) {
    const QAction* action = actions_[i];
    QPushButton* button = buttons_[i];
    button->setText(QString(action->text()).remove(QLatin1Char('&')));
    button->setToolTip(action->toolTip());
    button->setEnabled(action->isEnabled());
    QFont font = this->font();
    font.setBold(action->isEnabled() && !marked);
    button->setFont(font);
    marked = marked || action->isEnabled();
  }
}

}  // namespace moescope
