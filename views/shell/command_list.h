// Every command of the window in one list: the palette and the key sheet are built from it.
#pragma once

#include <QAction>
#include <QList>
#include <QPointer>
#include <QString>
#include <QWidget>

namespace moescope {

struct Command {
  QPointer<QAction> action;
  QString group;  ///< "File", "Timeline", ...
  QString name;   ///< instead of the action's text; empty: that
};
using CommandList = QList<Command>;

/// Text of an action without mnemonics and dots.
QString command_text(const QAction& action);
/// @pre the action is still there
QString command_name(const Command& command);
/// Adds the actions of `widget` (not separators, not without a text) under `group`, and those of a
/// submenu under its title.
void collect_commands(const QWidget& widget, const QString& group, CommandList& commands);
/// How well `pattern` fits `text`: its letters in order, word starts and runs count more.
/// -1 when it does not fit; 0 for an empty pattern.
int fuzzy_score(const QString& pattern, const QString& text);

/// Indices of the commands that fit `pattern` and can be run now, best first: the exact name, names
/// that begin with it, names with a word that does, names that contain it, then by fuzzy_score() of
/// name or group and name. Destructive ones come after all others.
QList<qsizetype> rank_commands(const QString& pattern, const CommandList& commands);
/// Of the commands that cannot run now, the one that fits `pattern` best; -1 when none does.
qsizetype disabled_command(const QString& pattern, const CommandList& commands);

}  // namespace moescope
