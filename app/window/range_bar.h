// The tool bar: open, the visible range with its history, find, and the rank filter.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QToolBar>

#include "views/workspace/document.h"
#include "views/workspace/view_context.h"

namespace moescope {

class RangeBar : public QToolBar {
  Q_OBJECT

 public:
  RangeBar(Document& document, ViewContext& context, QWidget* parent = nullptr);
  QLineEdit* findField() const { return find_; }
  QComboBox* rankFilter() const { return rank_; }
  /// Adds an action at the left or the right end with its text shown.
  void addFirst(QAction* action);

 private:
  QAction* addStep(const QString& name, const QString& text, const QString& tip, QKeySequence keys,
                   const std::function<void()>& run);
  void showRange();
  void fillRanks();
  void followRank();

  Document& document_;
  ViewContext& context_;
  QLabel* range_;
  QAction* back_ = nullptr;
  QAction* forward_ = nullptr;
  QAction* fit_ = nullptr;
  QLineEdit* find_;
  QComboBox* rank_;
};

}  // namespace moescope
