#include "views/shell/action_registry.h"

#include <QRegularExpression>

namespace moescope {

bool is_action_id(const QString& id) {
  static const QRegularExpression form(QStringLiteral("^[a-z]+\\.[a-z][a-z0-9_]*$"));
  return form.match(id).hasMatch();
}

void ActionRegistry::addOf(const QObject& owner) {
  for (QAction* action : owner.findChildren<QAction*>(QString(), Qt::FindDirectChildrenOnly)) {
    const QString id = action->objectName();
    if (id.isEmpty()) continue;
    Q_ASSERT_X(is_action_id(id) && !actions_.contains(id), "ActionRegistry", qPrintable(id));
    ids_ << id;
    actions_[id] = action;
  }
}

QAction* ActionRegistry::find(const QString& id) const {
  return actions_.value(id);
}

void ActionRegistry::trigger(const QString& id) const {
  QAction* action = find(id);
  if (action != nullptr && action->isEnabled()) action->trigger();
}

void ActionRegistry::fill(QMenu& menu, const QStringList& ids, const Parts& parts) const {
  for (const QString& id : ids) {
    if (id == QLatin1String("-")) {
      menu.addSeparator();
    } else if (id.startsWith(QLatin1Char('@'))) {
      Q_ASSERT_X(parts.contains(id), "ActionRegistry", qPrintable(id));
      parts[id](menu);
    } else {
      Q_ASSERT_X(find(id) != nullptr, "ActionRegistry", qPrintable(id));
      menu.addAction(find(id));
    }
  }
}

}  // namespace moescope
