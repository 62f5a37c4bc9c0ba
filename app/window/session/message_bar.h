// Messages above the workspace: readable, copyable, in nobody's way.
#pragma once

#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QToolButton>
#include <functional>
#include <utility>
#include <vector>

#include "app/window/session/user_message.h"

namespace moescope {

/// Shows one message at a time; neither an error nor a question is replaced by an information.
class MessageBar : public QFrame {
  Q_OBJECT

 public:
  explicit MessageBar(QWidget* parent = nullptr);
  void showMessage(const UserMessage& message);
  /// A message with buttons; pressing one takes the message away.
  using Choices = std::vector<std::pair<QString, std::function<void()>>>;
  void offer(const UserMessage& message, Choices choices);
  void clear();
  QString text() const { return text_->text(); }
  QString details() const { return details_->toPlainText(); }
  UserMessage::Level level() const { return level_; }

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void dropChoices();
  void paintLevel();

  UserMessage::Level level_ = UserMessage::Level::Info;
  QLabel* mark_;
  QLabel* text_;
  QPlainTextEdit* details_;
  QToolButton* details_button_;
  QHBoxLayout* line_;
  QList<QToolButton*> choices_;
};

}  // namespace moescope
