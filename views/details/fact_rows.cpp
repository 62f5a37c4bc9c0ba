#include "views/details/fact_rows.h"

#include <QApplication>
#include <QPalette>
#include <QStandardItemModel>

#include "views/common/units.h"

namespace moescope {

FactRows FactRows::add(const QString& name, const QString& value, const QString& tip) const {
  auto* left = new QStandardItem(name);
  auto* right = new QStandardItem(value);
  left->setEditable(false);
  right->setEditable(false);
  left->setToolTip(tip.isEmpty() ? name : tip);
  right->setToolTip(tip.isEmpty() ? value : tip);
  parent_->appendRow({left, right});
  return FactRows(left);
}

QStandardItem* FactRows::value() const {
  QStandardItem* above = parent_->parent();
  if (above == nullptr) above = parent_->model()->invisibleRootItem();
  return above->child(parent_->row(), 1);
}

void FactRows::setTarget(int role, const QVariant& target) const {
  parent_->setData(target, role);
  value()->setForeground(QApplication::palette().link());
}

QString time_of(TimeNs time, TimeNs whole) {
  if (whole <= 0) return format_time(time);
  return QStringLiteral("%1 (%2)").arg(
      format_time(time),
      format_percent(100 * static_cast<double>(time) / static_cast<double>(whole)));
}

}  // namespace moescope
