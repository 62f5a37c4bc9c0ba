#include "views/rules/rules_model.h"

#include <QApplication>
#include <algorithm>
#include <array>

#include "core/error.h"
#include "views/common/theme.h"
#include "views/common/units.h"

namespace moescope {

/// Both states whole: a rule set is some dozens of short lines.
class RulesModel::ChangeRules : public QUndoCommand {
 public:
  ChangeRules(RulesModel& model, RuleSet before, RuleSet after, const QString& text)
      : QUndoCommand(text), model_(model), before_(std::move(before)), after_(std::move(after)) {}
  void undo() override { model_.apply(before_); }
  void redo() override { model_.apply(after_); }

 private:
  RulesModel& model_;
  RuleSet before_, after_;
};

RulesModel::RulesModel(QUndoStack* undo, QObject* parent)
    : QAbstractTableModel(parent), undo_(undo == nullptr ? own_undo_ : *undo) {}

void RulesModel::change(RuleSet rules, const QString& what) {
  if (rules.to_json() == rules_.to_json()) return;
  undo_.push(new ChangeRules(*this, rules_, std::move(rules), what));
}

void RulesModel::reset(RuleSet rules) {
  own_undo_.clear();
  apply(std::move(rules));
}

void RulesModel::apply(RuleSet rules) {
  beginResetModel();
  rules_ = std::move(rules);
  matches_.clear();
  checkAll();
  endResetModel();
  Q_EMIT rulesEdited();
}

void RulesModel::checkAll() {
  problems_.clear();
  for (const Rule& rule : rules_.rules) {
    QString problem;
    try {
      if (rule.pattern.empty()) problem = tr("The pattern is empty; write a part of the name.");
      RuleSet::from_json(RuleSet{{rule}}.to_json(), "rule");
    } catch (const Error& error) {
      problem = QString::fromStdString(error.problem());
    }
    problems_.push_back(problem);
  }
}

void RulesModel::setMatches(std::vector<int> matches) {
  matches_ = std::move(matches);
  if (rowCount() > 0) Q_EMIT dataChanged(index(0, Matches), index(rowCount() - 1, Matches));
}

QString RulesModel::problem(int row) const {
  return problems_.at(static_cast<std::size_t>(row));
}

bool RulesModel::valid() const {
  return std::all_of(problems_.begin(), problems_.end(),
                     [](const QString& problem) { return problem.isEmpty(); });
}

void RulesModel::addRule(int row) {
  RuleSet rules = rules_;
  const auto at =
      std::clamp<std::ptrdiff_t>(row, 0, static_cast<std::ptrdiff_t>(rules_.rules.size()));
  rules.rules.insert(rules.rules.begin() + at, Rule{SpanClass::OtherCompute, "name", false, ""});
  change(std::move(rules), tr("Add rule"));
}

void RulesModel::removeRule(int row) {
  if (row < 0 || row >= rowCount()) return;
  RuleSet rules = rules_;
  rules.rules.erase(rules.rules.begin() + row);
  change(std::move(rules), tr("Remove rule"));
}

void RulesModel::moveRule(int row, int direction) {
  const int to = row + direction;
  if (row < 0 || to < 0 || row >= rowCount() || to >= rowCount()) return;
  RuleSet rules = rules_;
  std::swap(rules.rules[static_cast<std::size_t>(row)], rules.rules[static_cast<std::size_t>(to)]);
  change(std::move(rules), tr("Move rule"));
}

int RulesModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rules_.rules.size());
}

int RulesModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QVariant RulesModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto row = static_cast<std::size_t>(index.row());
  const Rule& rule = rules_.rules[row];
  const QString& problem = problems_[row];
  if (role == Qt::ToolTipRole && !problem.isEmpty()) return problem;
  if (role == Qt::ForegroundRole && index.column() == Pattern && !problem.isEmpty())
    return Theme::of(QApplication::palette()).ribbon_exposed;
  if (role == Qt::CheckStateRole && index.column() == Waits)
    return rule.waits ? Qt::Checked : Qt::Unchecked;
  if (role == Qt::DecorationRole && index.column() == Class)
    return Theme::of(QApplication::palette()).color(rule.span_class);
  if (role == Qt::TextAlignmentRole && index.column() == Matches)
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role == Qt::EditRole && index.column() == Class) return int(rule.span_class);
  if (role != Qt::DisplayRole && role != Qt::EditRole) return {};
  switch (index.column()) {
    case Class:
      return class_label(rule.span_class);
    case Pattern:
      return QString::fromStdString(rule.pattern);
    case Matches:
      if (!problem.isEmpty()) return tr("not valid");
      return row < matches_.size() ? QVariant(format_count(static_cast<quint64>(matches_[row])))
                                   : QVariant();
    case Comment:
      return QString::fromStdString(rule.comment);
    default:
      return {};
  }
}

bool RulesModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return false;
  RuleSet rules = rules_;
  Rule& rule = rules.rules[static_cast<std::size_t>(index.row())];
  if (role == Qt::CheckStateRole && index.column() == Waits) {
    rule.waits = value.toInt() == Qt::Checked;
  } else if (role != Qt::EditRole) {
    return false;
  } else if (index.column() == Class) {
    const int c = value.toInt();
    if (c < 0 || c >= kSpanClassCount) return false;
    rule.span_class = static_cast<SpanClass>(c);
  } else if (index.column() == Pattern) {
    rule.pattern = value.toString().toStdString();
  } else if (index.column() == Comment) {
    rule.comment = value.toString().toStdString();
  } else {
    return false;
  }
  change(std::move(rules), tr("Edit rule"));
  return true;
}

Qt::ItemFlags RulesModel::flags(const QModelIndex& index) const {
  Qt::ItemFlags flags = QAbstractTableModel::flags(index);
  if (!index.isValid() || index.column() == Matches) return flags;
  return flags | (index.column() == Waits ? Qt::ItemIsUserCheckable : Qt::ItemIsEditable);
}

QVariant RulesModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation == Qt::Vertical && role == Qt::DisplayRole) return section + 1;
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  const std::array<QString, ColumnCount> titles = {tr("Class"), tr("Pattern"), tr("Waits"),
                                                   tr("Names"), tr("Comment")};
  const std::array<QString, ColumnCount> tips = {
      tr("Class of the kernels that match"),
      tr("Regular expression (RE2), searched in the kernel name; (?i) ignores case"),
      tr("Checked for kernels that only wait for another rank"),
      tr("Names of the open trace for which this is the first rule that matches"),
      tr("Shown beside the rule")};
  const auto i = static_cast<std::size_t>(section);
  if (role == Qt::DisplayRole) return titles[i];
  return role == Qt::ToolTipRole ? QVariant(tips[i]) : QVariant();
}

}  // namespace moescope
