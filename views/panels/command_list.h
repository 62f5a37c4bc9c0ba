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
};
using CommandList = QList<Command>;

/// Text of an action without mnemonics and dots.
QString command_text(const QAction& action);
/// Adds the actions of `widget` (not separators, not without a text) under `group`.
void collect_commands(const QWidget& widget, const QString& group, CommandList& commands);
/// How well `pattern` fits `text`: its letters in order, word starts and runs count more.
/// -1 when it does not fit; 0 for an empty pattern.
int fuzzy_score(const QString& pattern, const QString& text);

}  // namespace moescope
