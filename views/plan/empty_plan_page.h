// The plan editor without a plan: what to do next, as buttons.
#pragma once

#include <QAction>
#include <QLabel>
#include <QList>
#include <QPushButton>
#include <QVBoxLayout>
#include <QWidget>

namespace moescope {

class EmptyPlanPage : public QWidget {
  Q_OBJECT

 public:
  explicit EmptyPlanPage(QWidget* parent = nullptr);
  /// A button for each; the first that is possible is marked as the next one.
  void setActions(const QList<QAction*>& actions);

 private:
  void refresh();

  QVBoxLayout* lines_;
  QLabel* text_;
  QList<QAction*> actions_;
  QList<QPushButton*> buttons_;
};

}  // namespace moescope
