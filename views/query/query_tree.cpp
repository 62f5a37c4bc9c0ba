#include "views/query/query_tree.h"

#include <QHeaderView>
#include <QSettings>

#include "core/query/saved_queries.h"
#include "core/query/table_list.h"

namespace moescope {
namespace {

constexpr auto kHistoryKey = "query/history";
constexpr int kSqlRole = Qt::UserRole, kNameRole = Qt::UserRole + 1;
constexpr qsizetype kMostHistory = 50;

void add_tables(QTreeWidget* tree) {
  auto* tables = new QTreeWidgetItem(tree, {QueryTree::tr("Tables")});
  for (const TableDescription& table : trace_table_list()) {
    const QString name = QString::fromStdString(table.name);
    auto* item = new QTreeWidgetItem(tables, {name});
    item->setData(0, kNameRole, name);
    item->setToolTip(0, QueryTree::tr("Double-click writes the name"));
    for (const TableColumn& column : table.columns) {
      const QString column_name = QString::fromStdString(column.name);
      const QString type = QString::fromStdString(column.type).toLower();
      auto* child = new QTreeWidgetItem(
          item, {type.isEmpty() ? column_name : QStringLiteral("%1  %2").arg(column_name, type)});
      child->setData(0, kNameRole, column_name == "end" ? QStringLiteral("\"end\"") : column_name);
      child->setToolTip(0, QString::fromStdString(column.note));
    }
  }
}

void add_saved(QTreeWidget* tree) {
  auto* saved = new QTreeWidgetItem(tree, {QueryTree::tr("Questions")});
  for (const SavedQuery& query : saved_queries()) {
    auto* item = new QTreeWidgetItem(saved, {QString::fromUtf8(query.title)});
    item->setData(0, kSqlRole, QString::fromUtf8(query.sql));
    item->setToolTip(0, QString::fromUtf8(query.answers));
  }
  saved->setExpanded(true);
}

}  // namespace

QueryTree::QueryTree(QWidget* parent) : QTreeWidget(parent) {
  setObjectName("queryTree");
  setAccessibleName(tr("Tables and questions"));
  setHeaderHidden(true);
  setFrameShape(QFrame::NoFrame);
  add_saved(this);
  add_tables(this);
  history_ = new QTreeWidgetItem(this, {tr("Asked before")});
  fillHistory();
  connect(this, &QTreeWidget::itemClicked, this, [this](QTreeWidgetItem* item) {
    if (const QString sql = item->data(0, kSqlRole).toString(); !sql.isEmpty())
      Q_EMIT queryChosen(sql);
  });
  connect(this, &QTreeWidget::itemActivated, this, [this](QTreeWidgetItem* item) {
    if (const QString name = item->data(0, kNameRole).toString(); !name.isEmpty())
      Q_EMIT textWanted(name);
  });
}

QStringList QueryTree::history() const {
  return QSettings().value(QLatin1String(kHistoryKey)).toStringList();
}

void QueryTree::addToHistory(const QString& sql) {
  QStringList all = history();
  all.removeAll(sql);
  all.prepend(sql);
  QSettings().setValue(QLatin1String(kHistoryKey), QStringList(all.mid(0, kMostHistory)));
  fillHistory();
}

void QueryTree::fillHistory() {
  qDeleteAll(history_->takeChildren());
  for (const QString& sql : history()) {
    auto* item = new QTreeWidgetItem(history_, {sql.simplified()});
    item->setData(0, kSqlRole, sql);
    item->setToolTip(0, sql);
  }
  history_->setHidden(history_->childCount() == 0);
}

}  // namespace moescope
