#include "app/window/session/message_bar.h"

#include <QAccessible>
#include <QApplication>
#include <QClipboard>
#include <QDockWidget>
#include <QEvent>
#include <QGraphicsOpacityEffect>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMainWindow>
#include <QPainter>
#include <QStatusBar>
#include <QVBoxLayout>
#include <algorithm>

#include "views/common/theme.h"
#include "views/common/tool_icon.h"

namespace moescope {
namespace {

constexpr int kStayMs = 7000, kFadeMs = 600;
constexpr int kUnfoldedMs = 15000;      // rows below a message are seen again after that
constexpr int kWidth = 480, kGap = 12;  // px
constexpr int kIcon = 22;               // px
constexpr double kTint = 0.12;          // of the level's colour over the window's

QToolButton* make_button(const QString& text, const QString& tip, QWidget* parent) {
  auto* button = new QToolButton(parent);
  button->setText(text);
  button->setToolTip(tip);
  button->setAccessibleName(tip);
  button->setFocusPolicy(Qt::StrongFocus);
  return button;
}

QColor mixed(const QColor& a, const QColor& b, double part) {
  const auto mix = [part](float x, float y) {
    return x * static_cast<float>(1 - part) + y * static_cast<float>(part);
  };
  return QColor::fromRgbF(mix(a.redF(), b.redF()), mix(a.greenF(), b.greenF()),
                          mix(a.blueF(), b.blueF()));
}

}  // namespace

MessageBar::MessageBar(QWidget* window)
    : QFrame(window),
      mark_(new QLabel(this)),
      kind_(new QLabel(this)),
      text_(new QLabel(this)),
      details_(new QPlainTextEdit(this)),
      details_button_(make_button(tr("Details"), tr("Show the details of this message"), this)),
      copy_(make_button(tr("Copy"), tr("Copy the message"), this)),
      close_(make_button(tr("Close"), tr("Close this message (Escape)"), this)),
      folded_(new QToolButton(window)),
      buttons_(new ButtonRows(this)),
      fade_(new QPropertyAnimation(this)) {
  setObjectName("messageBar");
  setAccessibleName(tr("Message"));
  text_->setObjectName("messageText");
  text_->setWordWrap(true);
  text_->setTextFormat(Qt::PlainText);
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  text_->setAccessibleName(tr("Message"));
  QFont bold = font();
  bold.setBold(true);
  kind_->setFont(bold);
  kind_->setObjectName("messageKind");
  details_->setReadOnly(true);
  details_->setMaximumHeight(110);
  details_->setTabChangesFocus(true);
  details_->setAccessibleName(tr("Details of the message"));
  details_button_->setCheckable(true);
  buttons_->setButtons({}, {details_button_, copy_, close_});
  auto* column = new QVBoxLayout;
  column->setSpacing(4);
  column->addWidget(kind_);
  column->addWidget(text_);
  column->addWidget(buttons_);
  column->addWidget(details_);
  auto* whole = new QHBoxLayout(this);
  whole->setContentsMargins(10, 8, 8, 8);
  whole->setSpacing(10);
  whole->addWidget(mark_, 0, Qt::AlignTop);
  whole->addLayout(column, 1);

  auto* effect = new QGraphicsOpacityEffect(this);
  setGraphicsEffect(effect);
  fade_->setTargetObject(effect);
  fade_->setPropertyName("opacity");
  fade_->setDuration(kFadeMs);
  fade_->setEndValue(0.0);
  setOpacity(1);
  connect(fade_, &QPropertyAnimation::finished, this, &MessageBar::clear);
  stay_.setSingleShot(true);
  stay_.setInterval(kStayMs);
  connect(&stay_, &QTimer::timeout, fade_, [this] { fade_->start(); });
  unfolded_.setSingleShot(true);
  unfolded_.setInterval(kUnfoldedMs);
  connect(&unfolded_, &QTimer::timeout, this, &MessageBar::fold);
  folded_->setObjectName("foldedMessage");
  folded_->setAutoRaise(true);
  folded_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  folded_->hide();
  connect(folded_, &QToolButton::clicked, this, &MessageBar::unfold);
  connect(details_button_, &QToolButton::toggled, this, [this](bool shown) {
    details_->setVisible(shown);
    stayOrFade();
    place();
  });
  connect(close_, &QToolButton::clicked, this, &MessageBar::clear);
  connect(copy_, &QToolButton::clicked, this, [this] {
    QApplication::clipboard()->setText(
        details().isEmpty() ? text() : text() + QLatin1Char('\n') + details());
  });
  // As long as the timers live: its buttons lose the keyboard when they are deleted.
  connect(qApp, &QApplication::focusChanged, &stay_, [this](QWidget* old, QWidget* now) {
    if (isVisible() && isAncestorOf(old) != isAncestorOf(now)) stayOrFade();
  });
  window->installEventFilter(this);
  details_->hide();
  hide();
}

void MessageBar::showMessage(const UserMessage& message) {
  const bool matters = level_ == UserMessage::Level::Error || !choices_.isEmpty();
  const bool there = isVisibleTo(parentWidget()) || !folded_->isHidden();
  if (there && matters && message.level == UserMessage::Level::Info) return;
  folded_->hide();
  dropChoices();
  level_ = message.level;
  text_->setText(message.text);
  details_->setPlainText(message.details);
  details_button_->setVisible(!message.details.isEmpty());
  details_button_->setChecked(false);
  details_->hide();
  paintLevel();
  show();
  place();
  stayAbove();
  stayOrFade();
  QAccessibleEvent alert(this, QAccessible::Alert);  // read aloud, as it takes no focus
  QAccessible::updateAccessibility(&alert);
}

void MessageBar::offer(const UserMessage& message, const Choices& choices) {
  showMessage(message);
  for (const auto& [text, run] : choices) {
    QToolButton* button = make_button(text, text, buttons_);  // reparenting would hide it
    setTabOrder(choices_.isEmpty() ? text_ : static_cast<QWidget*>(choices_.back()), button);
    choices_ << button;
    button->show();
    connect(button, &QToolButton::clicked, this, [this, run = run] {
      const auto chosen = run;  // the button goes with the message
      clear();
      chosen();
    });
  }
  buttons_->setButtons(choices_, {details_button_, copy_, close_});
  place();
  stayOrFade();
}

void MessageBar::dropChoices() {
  for (QToolButton* button : choices_) {
    button->hide();
    button->deleteLater();  // it may be the one that is pressed
  }
  choices_.clear();
  buttons_->setButtons({}, {details_button_, copy_, close_});
}

void MessageBar::clear() {
  dropChoices();
  level_ = UserMessage::Level::Info;
  text_->clear();
  details_->clear();
  stay_.stop();
  unfolded_.stop();
  folded_->hide();
  fade_->stop();
  const bool had_focus = isAncestorOf(QApplication::focusWidget());
  hide();
  if (had_focus && before_ && before_->isVisible()) before_->setFocus();
}

void MessageBar::takeFocus() {
  unfold();
  if (!isVisible()) return;
  before_ = QApplication::focusWidget();
  (choices_.isEmpty() ? close_ : choices_.front())->setFocus(Qt::ShortcutFocusReason);
}

// --- how long ------------------------------------------------------------------------------------

bool MessageBar::passes() const {
  return level_ == UserMessage::Level::Info && choices_.isEmpty() && !details_button_->isChecked();
}

/// Somebody who points at it or has the keyboard in it is reading it.
void MessageBar::stayOrFade() {
  stay_.stop();
  unfolded_.stop();
  fade_->stop();
  setOpacity(1);
  if (isVisible() && !underMouse() && !isAncestorOf(QApplication::focusWidget()))
    (passes() ? stay_ : unfolded_).start();
}

/// What is below is seen again, and the message can be read again.
void MessageBar::fold() {
  if (isHidden() || text_->text().isEmpty()) return;
  const QString kind = level_ == UserMessage::Level::Error     ? tr("Error")
                       : level_ == UserMessage::Level::Warning ? tr("Warning")
                       : choices_.isEmpty()                    ? tr("Message")
                                                               : tr("Question");
  folded_->setText(kind);
  folded_->setIcon(QIcon(mark_->pixmap()));
  folded_->setAccessibleName(tr("%1: %2").arg(kind, text()));
  folded_->setToolTip(tr("%1\nClick to show the message again (Ctrl+M)").arg(text()));
  hide();
  folded_->show();
}

void MessageBar::unfold() {
  if (folded_->isHidden()) return;
  folded_->hide();
  show();
  place();
  stayAbove();
  stayOrFade();
}

void MessageBar::setOpacity(double opacity) {
  static_cast<QGraphicsOpacityEffect*>(graphicsEffect())->setOpacity(opacity);
}

void MessageBar::enterEvent(QEnterEvent*) {
  stayOrFade();
}

void MessageBar::leaveEvent(QEvent*) {
  stayOrFade();
}

/// Escape is the window's for the selection otherwise.
bool MessageBar::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride &&
      static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
    event->accept();
    return true;
  }
  return QFrame::event(event);
}

void MessageBar::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape)
    clear();
  else
    QFrame::keyPressEvent(event);
}

// --- where ---------------------------------------------------------------------------------------

/// Above the status bar, as high as its text needs.
void MessageBar::place() {
  const QWidget& window = *parentWidget();
  const auto* main = qobject_cast<const QMainWindow*>(&window);
  const auto* status = main != nullptr ? main->findChild<QStatusBar*>() : nullptr;
  const int bottom = window.height() - (status != nullptr ? status->height() : 0) - kGap;
  const int width = std::min(kWidth, window.width() - 2 * kGap);
  layout()->activate();
  const int wanted =
      std::max(layout()->totalHeightForWidth(width), layout()->totalMinimumSize().height());
  const int height = std::min(wanted, bottom - kGap);
  setGeometry(window.width() - width - kGap, bottom - height, width, height);
}

/// A dock that is brought to the front of its tabs would come before the message.
void MessageBar::stayAbove() {
  raise();
  for (auto* dock :
       parentWidget()->findChildren<QDockWidget*>(QString(), Qt::FindDirectChildrenOnly))
    dock->installEventFilter(this);
}

bool MessageBar::eventFilter(QObject* watched, QEvent* event) {
  if (isHidden()) return false;
  if (watched == parentWidget()) {
    if (event->type() == QEvent::PaletteChange) paintLevel();
    if (event->type() == QEvent::Resize || event->type() == QEvent::FontChange) place();
  } else if (event->type() == QEvent::ZOrderChange || event->type() == QEvent::Show) {
    // Later: a dock comes to the front of its tabs only when it is the last of its siblings now.
    QTimer::singleShot(0, this, &QWidget::raise);
  }
  return false;
}

// --- colours -------------------------------------------------------------------------------------

void MessageBar::paintLevel() {
  const QPalette base = QApplication::palette();
  const Theme& theme = Theme::of(base);
  const bool error = level_ == UserMessage::Level::Error;
  const bool warning = level_ == UserMessage::Level::Warning;
  color_ = error     ? theme.color(SpanClass::Combine)
           : warning ? theme.color(SpanClass::Dispatch)
                     : theme.selection;
  mark_->setPixmap(tool_icon(error     ? QStringLiteral("dialog-error")
                             : warning ? QStringLiteral("dialog-warning")
                                       : QStringLiteral("dialog-information"),
                             color_)
                       .pixmap(QSize(kIcon, kIcon), devicePixelRatioF()));
  kind_->setText(error ? tr("Error") : warning ? tr("Warning") : QString());
  kind_->setVisible(error || warning);
  QPalette frame = base;
  const QColor fill = mixed(base.color(QPalette::Base), color_, kTint);
  frame.setColor(QPalette::Window, fill);
  setPalette(frame);
  QPalette line = frame;
  line.setColor(QPalette::WindowText, color_);
  kind_->setPalette(line);
}

void MessageBar::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const int line = level_ == UserMessage::Level::Error ? 2 : 1;
  painter.fillRect(rect(), color_);
  painter.fillRect(rect().adjusted(line, line, -line, -line), palette().color(QPalette::Window));
}

}  // namespace moescope
