// The notes of the open trace: read, edit, go to.
#pragma once

#include <QLabel>
#include <QTableView>
#include <QWidget>

#include "views/workspace/documents/trace_document.h"
#include "views/workspace/reveal.h"

namespace moescope {

class NotesPanel : public QWidget {
  Q_OBJECT

 public:
  NotesPanel(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);
  QTableView* table() const { return table_; }

 public Q_SLOTS:
  /// A note at the selected span, else at the pointer, else at the start of the selected area, else
  /// in the middle of what is visible; its text can be typed at once.
  void addNote();
  void removeNote();

 private:
  QAction* addCommand(const QString& name, const QString& text, const QString& tip);
  void addCommands();
  Note noteHere() const;
  void goTo(int row);
  void refresh();

  TraceDocument& document_;
  Selection& selection_;
  SpanRevealer revealer_;
  QTableView* table_;
  QLabel* empty_;
  QList<QAction*> row_actions_;
};

}  // namespace moescope
