// The list that opens below a field while one types: what Return would do, and what else.
#pragma once

#include <QFrame>
#include <QLabel>
#include <QList>
#include <QListWidget>
#include <functional>

namespace moescope {

struct Choice {
  QString text, tip;
  bool safe = true;  ///< false: takes something away, so it is never the default
  std::function<void()> run;
};

/// A part of the window, not a window: the field keeps the keyboard.
class ChoiceList : public QFrame {
  Q_OBJECT

 public:
  explicit ChoiceList(QWidget& field);
  /// The first one is the default when it is safe. `hint` is shown below them, or alone.
  void setChoices(QList<Choice> choices, const QString& hint = {});
  /// Below the field, above the rest of its window.
  void open();
  /// To the next choice (1) or the one before (-1).
  void move(int by);
  /// Null when none is chosen.
  const Choice* current() const;
  QListWidget& list() const { return *list_; }

 Q_SIGNALS:
  void clicked();  ///< current() was clicked

 private:
  QWidget& field_;
  QListWidget* list_;
  QLabel* hint_;
  QList<Choice> choices_;
};

}  // namespace moescope
