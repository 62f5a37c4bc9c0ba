#include "views/common/action.h"

namespace moescope {

QAction* make_action(QObject* parent, const QString& name, const QString& text, const QString& tip,
                     const QList<QKeySequence>& keys) {
  auto* action = new QAction(text, parent);
  action->setObjectName(name);
  action->setToolTip(tip);
  QList<QKeySequence> given;
  for (const QKeySequence& key : keys)
    if (!key.isEmpty()) given << key;
  action->setShortcuts(given);
  return action;
}

QAction* make_action(QObject* parent, const QString& name, const QString& text, const QString& tip,
                     const QList<QKeySequence>& keys, std::function<void()> run) {
  QAction* action = make_action(parent, name, text, tip, keys);
  QObject::connect(action, &QAction::triggered, parent, std::move(run));
  return action;
}

QAction* add_command(QWidget* widget, const QString& name, const QString& text, const QString& tip,
                     const QList<QKeySequence>& keys) {
  QAction* action = make_action(widget, name, text, tip, keys);
  action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
  widget->addAction(action);
  return action;
}

}  // namespace moescope
