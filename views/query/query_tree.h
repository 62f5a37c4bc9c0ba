// What can be asked for: tables with their columns, questions that come with the program, and those
// asked before.
#pragma once

#include <QTreeWidget>

namespace moescope {

class QueryTree : public QTreeWidget {
  Q_OBJECT

 public:
  explicit QueryTree(QWidget* parent = nullptr);
  /// Newest first; remembered over runs of the program.
  void addToHistory(const QString& sql);
  QStringList history() const;

 Q_SIGNALS:
  void queryChosen(const QString& sql);  ///< a question, to be shown and run
  void textWanted(const QString& text);  ///< a name, to be written where the cursor is

 private:
  void fillHistory();

  QTreeWidgetItem* history_;
};

}  // namespace moescope
