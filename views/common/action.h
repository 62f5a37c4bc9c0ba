// Commands as actions, the basis of menus, the command palette and the key sheet.
#pragma once

#include <QAction>
#include <QKeySequence>
#include <QList>
#include <QWidget>
#include <functional>

namespace moescope {

/// An action with a name (its object name), texts and keys; empty key sequences are left out.
QAction* make_action(QObject* parent, const QString& name, const QString& text, const QString& tip,
                     const QList<QKeySequence>& keys = {});

/// The same, and `run` is what it does.
QAction* make_action(QObject* parent, const QString& name, const QString& text, const QString& tip,
                     const QList<QKeySequence>& keys, std::function<void()> run);

/// The same as a command of `widget`: its keys work while the focus is inside.
QAction* add_command(QWidget* widget, const QString& name, const QString& text, const QString& tip,
                     const QList<QKeySequence>& keys = {});

}  // namespace moescope
