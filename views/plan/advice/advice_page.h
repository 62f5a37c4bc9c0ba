// The advice in full: facts, every change with gain, error and price, what is missing, and buttons
// that carry changes out.
#pragma once

#include <QLabel>
#include <QTableWidget>
#include <QWidget>

#include "views/plan/advice/plan_advisor.h"

namespace moescope {

class AdvicePage : public QWidget {
  Q_OBJECT

 public:
  explicit AdvicePage(PlanAdvisor& advisor, QWidget* parent = nullptr);
  /// The whole page as text, for files and screen readers.
  QString summary() const;

 Q_SIGNALS:
  void resplitRequested();
  void message(const QString& text);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  enum Column { What, Gain, Net, Imbalance, Moved, Stall, Cache, Act, ColumnCount };
  void refresh();
  void showAdvice(const Advice& advice);
  void fillRow(int row, const AdvisedAction& action, bool best);
  void set(int row, Column column, const QString& text, const QString& tip = {});
  QWidget* makeButtons(const AdvisedAction& action);
  void copy(const QString& command);

  PlanAdvisor& advisor_;
  QLabel *verdict_, *facts_, *evidence_, *command_;
  QTableWidget* table_ = nullptr;
};

}  // namespace moescope
