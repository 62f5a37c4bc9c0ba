// Messages over the lower right of the window: readable, copyable, and no control moves for them.
#pragma once

#include <QFrame>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPointer>
#include <QPropertyAnimation>
#include <QTimer>
#include <QToolButton>
#include <functional>
#include <utility>
#include <vector>

#include "app/window/session/button_rows.h"
#include "app/window/session/user_message.h"

namespace moescope {

/// Shows one message at a time; neither an error nor a question is replaced by an information.
/// An information without choices fades after a while. All else stays until it is closed, but
/// covers what is below for a while only: then it folds into a button of the status bar.
class MessageBar : public QFrame {
  Q_OBJECT

 public:
  explicit MessageBar(QWidget* window);
  void showMessage(const UserMessage& message);
  /// A message with buttons; pressing one takes the message away.
  using Choices = std::vector<std::pair<QString, std::function<void()>>>;
  void offer(const UserMessage& message, const Choices& choices);
  void clear();
  /// Gives its first button the keyboard; nothing without a message.
  void takeFocus();
  QString text() const { return text_->text(); }
  QString details() const { return details_->toPlainText(); }
  UserMessage::Level level() const { return level_; }
  /// How long an information stays, in ms.
  void setStay(int ms) { stay_.setInterval(ms); }
  /// How long the others lie over the window, in ms.
  void setUnfolded(int ms) { unfolded_.setInterval(ms); }
  /// What a message folds into, for the status bar; it is shown while there is a folded one.
  QToolButton* foldedButton() const { return folded_; }

 protected:
  bool event(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;
  void enterEvent(QEnterEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  bool passes() const;
  void stayOrFade();
  void fold();
  void unfold();
  void setOpacity(double opacity);
  void dropChoices();
  void paintLevel();
  void place();
  void stayAbove();

  UserMessage::Level level_ = UserMessage::Level::Info;
  QLabel *mark_, *kind_, *text_;
  QPlainTextEdit* details_;
  QToolButton *details_button_, *copy_, *close_, *folded_;
  ButtonRows* buttons_;
  QList<QToolButton*> choices_;
  QPointer<QWidget> before_;  ///< had the keyboard before takeFocus()
  QColor color_;              ///< of the level
  QTimer stay_, unfolded_;
  QPropertyAnimation* fade_;
};

}  // namespace moescope
