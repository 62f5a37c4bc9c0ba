#include "app/window/session/message_bar.h"

#include <QApplication>
#include <QClipboard>
#include <QEvent>
#include <QHBoxLayout>
#include <QVBoxLayout>

#include "views/common/theme.h"

namespace moescope {
namespace {

QToolButton* make_button(const QString& text, const QString& tip, QWidget* parent) {
  auto* button = new QToolButton(parent);
  button->setText(text);
  button->setToolTip(tip);
  button->setAccessibleName(tip);
  button->setAutoRaise(true);
  return button;
}

}  // namespace

MessageBar::MessageBar(QWidget* parent)
    : QFrame(parent),
      mark_(new QLabel(this)),
      text_(new QLabel(this)),
      details_(new QPlainTextEdit(this)),
      details_button_(make_button(tr("Details"), tr("Show the details of this message"), this)) {
  setObjectName("messageBar");
  setFrameShape(QFrame::NoFrame);
  setAutoFillBackground(true);
  mark_->setFixedWidth(5);
  mark_->setAutoFillBackground(true);
  text_->setObjectName("messageText");
  text_->setWordWrap(true);
  text_->setTextFormat(Qt::PlainText);
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  text_->setAccessibleName(tr("Message"));
  details_->setReadOnly(true);
  details_->setMaximumHeight(110);
  details_->setAccessibleName(tr("Details of the message"));
  details_button_->setCheckable(true);
  auto* copy = make_button(tr("Copy"), tr("Copy the message"), this);
  auto* close = make_button(tr("Dismiss"), tr("Dismiss this message"), this);

  line_ = new QHBoxLayout;
  line_->setContentsMargins(8, 4, 6, 4);
  line_->addWidget(text_, 1);
  line_->addWidget(details_button_);
  line_->addWidget(copy);
  line_->addWidget(close);
  auto* column = new QVBoxLayout;
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addLayout(line_);
  column->addWidget(details_);
  auto* whole = new QHBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->setSpacing(0);
  whole->addWidget(mark_);
  whole->addLayout(column, 1);

  connect(details_button_, &QToolButton::toggled, details_, &QWidget::setVisible);
  connect(close, &QToolButton::clicked, this, &MessageBar::clear);
  connect(copy, &QToolButton::clicked, this, [this] {
    QApplication::clipboard()->setText(
        details().isEmpty() ? text() : text() + QLatin1Char('\n') + details());
  });
  details_->hide();
  hide();
}

void MessageBar::showMessage(const UserMessage& message) {
  const bool matters = level_ == UserMessage::Level::Error || !choices_.isEmpty();
  if (isVisibleTo(parentWidget()) && matters && message.level == UserMessage::Level::Info) return;
  dropChoices();
  level_ = message.level;
  text_->setText(message.text);
  details_->setPlainText(message.details);
  details_button_->setVisible(!message.details.isEmpty());
  details_button_->setChecked(false);
  details_->hide();
  paintLevel();
  show();
}

void MessageBar::offer(const UserMessage& message, Choices choices) {
  showMessage(message);
  for (auto& [text, run] : choices) {
    QToolButton* button = make_button(text, text, this);
    button->setAutoRaise(false);
    line_->insertWidget(1 + static_cast<int>(choices_.size()), button);
    choices_ << button;
    connect(button, &QToolButton::clicked, this, [this, run = std::move(run)] {
      const auto chosen = run;  // the button goes with the message
      clear();
      chosen();
    });
  }
}

void MessageBar::dropChoices() {
  for (QToolButton* button : choices_) {
    button->hide();
    button->deleteLater();  // it may be the one that is pressed
  }
  choices_.clear();
}

void MessageBar::clear() {
  dropChoices();
  level_ = UserMessage::Level::Info;
  text_->clear();
  details_->clear();
  hide();
}

void MessageBar::paintLevel() {
  const Theme& theme = Theme::of(QApplication::palette());
  const QColor color = level_ == UserMessage::Level::Error     ? theme.ribbon_exposed
                       : level_ == UserMessage::Level::Warning ? theme.color(SpanClass::Dispatch)
                                                               : theme.selection;
  QPalette mark;
  mark.setColor(QPalette::Window, color);
  mark_->setPalette(mark);
  QColor tint = color;
  tint.setAlpha(theme.dark ? 60 : 36);
  QPalette frame = QApplication::palette();
  frame.setColor(QPalette::Window, tint);
  setPalette(frame);
}

void MessageBar::changeEvent(QEvent* event) {
  QFrame::changeEvent(event);
  if (event->type() == QEvent::ApplicationPaletteChange) paintLevel();
}

}  // namespace moescope
