// The tool bar: open, the one box, the visible range with its history, and the rank filter.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QToolBar>

#include "views/shell/omnibox.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

class RangeBar : public QToolBar {
  Q_OBJECT

 public:
  RangeBar(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);
  Omnibox& omnibox() const { return *omnibox_; }
  QComboBox* rankFilter() const { return rank_; }
  /// Adds actions at the left end. Where there is room the tool bar shows texts beside icons.
  void addFirst(const QList<QAction*>& actions);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  QAction* addStep(const QString& name, const QString& text, const QString& tip,
                   const QString& icon, QKeySequence keys, const std::function<void()>& run);
  void showRange();
  void fillRanks();
  void followRank();

  TraceDocument& document_;
  Selection& selection_;
  QLabel* range_;
  QAction* back_ = nullptr;
  QAction* forward_ = nullptr;
  QAction* fit_ = nullptr;
  Omnibox* omnibox_;
  QComboBox* rank_;
};

}  // namespace moescope
