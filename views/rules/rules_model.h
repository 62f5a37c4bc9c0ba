// The ordered rules as an editable table with undo.
#pragma once

#include <QAbstractTableModel>
#include <QUndoStack>

#include "core/analysis/spans/classify.h"

namespace moescope {

class RulesModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Class, Pattern, Waits, Matches, Comment, ColumnCount };

  /// Edits go to `undo` when given, else to a history of its own.
  explicit RulesModel(QUndoStack* undo = nullptr, QObject* parent = nullptr);
  const RuleSet& rules() const { return rules_; }
  /// Replaces all as one undoable step called `what`.
  void change(RuleSet rules, const QString& what);
  /// Replaces all; not undoable.
  void reset(RuleSet rules);
  QUndoStack& undoStack() { return undo_; }
  /// Names that each rule is the first to match; empty while unknown.
  void setMatches(std::vector<int> matches);
  /// What is wrong with a rule; empty when nothing is.
  QString problem(int row) const;
  bool valid() const;

  void addRule(int row);
  void removeRule(int row);
  void moveRule(int row, int direction);

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role) override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 Q_SIGNALS:
  void rulesEdited();

 private:
  class ChangeRules;
  void apply(RuleSet rules);
  void checkAll();

  RuleSet rules_;
  std::vector<QString> problems_;
  std::vector<int> matches_;
  QUndoStack own_undo_;
  QUndoStack& undo_;
};

}  // namespace moescope
