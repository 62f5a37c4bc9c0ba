// Every problem of the plan; a click goes to its layer and slot.
#pragma once

#include <QLabel>
#include <QTreeWidget>
#include <QWidget>

#include "views/workspace/documents/plan_document.h"

namespace moescope {

class ProblemsPanel : public QWidget {
  Q_OBJECT

 public:
  explicit ProblemsPanel(PlanDocument& document, QWidget* parent = nullptr);
  int count() const { return count_; }
  /// Layer, slot, what; with a header row.
  QString csv() const;

 Q_SIGNALS:
  void chosen(int layer, int slot);  ///< -1 where the problem has none
  void countChanged(int count);

 private:
  void refresh();

  PlanDocument& document_;
  QLabel* summary_;
  QTreeWidget* list_;
  int count_ = -1;
};

}  // namespace moescope
