// The tool bar: open, the visible range with its history, find, and the rank filter.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QToolBar>

#include "views/workspace/selection.h"
#include "views/workspace/trace_document.h"

namespace moescope {

class RangeBar : public QToolBar {
  Q_OBJECT

 public:
  RangeBar(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);
  QLineEdit* findField() const { return find_; }
  QComboBox* rankFilter() const { return rank_; }
  /// Adds actions at the left end with their texts shown.
  void addFirst(const QList<QAction*>& actions);

 private:
  QAction* addStep(const QString& name, const QString& text, const QString& tip, QKeySequence keys,
                   const std::function<void()>& run);
  void showRange();
  void fillRanks();
  void followRank();

  TraceDocument& document_;
  Selection& selection_;
  QLabel* range_;
  QAction* back_ = nullptr;
  QAction* forward_ = nullptr;
  QAction* fit_ = nullptr;
  QLineEdit* find_;
  QComboBox* rank_;
};

}  // namespace moescope
