#include "views/panels/command_list.h"

#include <QMenu>

namespace moescope {

QString command_text(const QAction& action) {
  QString text = action.text();
  text.remove(QLatin1Char('&'));
  while (text.endsWith(QLatin1Char('.')) || text.endsWith(QChar(0x2026))) text.chop(1);
  return text;
}

void collect_commands(const QWidget& widget, const QString& group, CommandList& commands) {
  for (QAction* action : widget.actions()) {
    if (action->isSeparator() || action->text().isEmpty()) continue;
    if (action->menu() != nullptr) {
      collect_commands(*action->menu(), group, commands);
      continue;
    }
    const bool known = std::any_of(commands.begin(), commands.end(),
                                   [&](const Command& c) { return c.action == action; });
    if (!known) commands.append({action, group});
  }
}

int fuzzy_score(const QString& pattern, const QString& text) {
  int score = 0;
  qsizetype at = 0, last = -2;
  for (const QChar wanted : pattern) {
    if (wanted.isSpace()) continue;
    const qsizetype found = text.indexOf(wanted, at, Qt::CaseInsensitive);
    if (found < 0) return -1;
    score += 1;
    if (found == last + 1) score += 4;
    if (found == 0 || !text[found - 1].isLetterOrNumber()) score += 6;
    last = found;
    at = found + 1;
  }
  return score;
}

}  // namespace moescope
