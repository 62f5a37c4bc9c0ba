#include "views/shell/command_list.h"

#include <QMenu>
#include <algorithm>
#include <tuple>
#include <vector>

#include "views/common/destructive_action.h"

namespace moescope {
namespace {

/// How a pattern fits a command, the closest kind first.
enum class Fit { ExactName, NameStart, WordStart, InName, FuzzyName, FuzzyGroup, None };

bool starts_word(const QString& text, const QString& pattern) {
  for (qsizetype at = text.indexOf(pattern, 0, Qt::CaseInsensitive); at >= 0;
       at = text.indexOf(pattern, at + 1, Qt::CaseInsensitive))
    if (at == 0 || !text[at - 1].isLetterOrNumber()) return true;
  return false;
}

Fit fit_of(const QString& pattern, const QString& name, const QString& full) {
  if (name.compare(pattern, Qt::CaseInsensitive) == 0 ||
      full.compare(pattern, Qt::CaseInsensitive) == 0)
    return Fit::ExactName;
  if (name.startsWith(pattern, Qt::CaseInsensitive)) return Fit::NameStart;
  if (starts_word(name, pattern)) return Fit::WordStart;
  if (name.contains(pattern, Qt::CaseInsensitive)) return Fit::InName;
  if (fuzzy_score(pattern, name) >= 0) return Fit::FuzzyName;
  return fuzzy_score(pattern, full) >= 0 ? Fit::FuzzyGroup : Fit::None;
}

}  // namespace

QString command_text(const QAction& action) {
  QString text = action.text();
  text.remove(QLatin1Char('&'));
  while (text.endsWith(QLatin1Char('.')) || text.endsWith(QChar(0x2026))) text.chop(1);
  return text;
}

QString command_name(const Command& command) {
  return command.name.isEmpty() ? command_text(*command.action) : command.name;
}

void collect_commands(const QWidget& widget, const QString& group, CommandList& commands) {
  for (QAction* action : widget.actions()) {
    if (action->isSeparator() || action->text().isEmpty()) continue;
    if (action->menu() != nullptr) {
      collect_commands(*action->menu(), command_text(*action), commands);
      continue;
    }
    const bool known = std::any_of(commands.begin(), commands.end(),
                                   [&](const Command& c) { return c.action == action; });
    if (!known) commands.append({action, group, {}});
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

namespace {

/// Those that can be run now, or those that cannot.
QList<qsizetype> rank(const QString& pattern, const CommandList& commands, bool enabled) {
  struct Hit {
    bool destructive;
    Fit fit;
    int score;
    qsizetype index;
    auto order() const { return std::tuple(destructive, fit, -score); }
  };
  const QString wanted = pattern.simplified();
  std::vector<Hit> hits;
  for (qsizetype i = 0; i < commands.size(); ++i) {
    const Command& command = commands[i];
    if (!command.action || command.action->isEnabled() != enabled) continue;
    const QString name = command_name(command);
    const QString full = command.group + QLatin1Char(' ') + name;
    const Fit fit = wanted.isEmpty() ? Fit::ExactName : fit_of(wanted, name, full);
    if (fit == Fit::None) continue;
    const int score = std::max(fuzzy_score(wanted, name), fuzzy_score(wanted, full));
    hits.push_back({is_destructive(*command.action), fit, score, i});
  }
  std::stable_sort(hits.begin(), hits.end(),
                   [](const Hit& a, const Hit& b) { return a.order() < b.order(); });
  QList<qsizetype> ranked;
  for (const Hit& hit : hits) ranked << hit.index;
  return ranked;
}

}  // namespace

QList<qsizetype> rank_commands(const QString& pattern, const CommandList& commands) {
  return rank(pattern, commands, true);
}

qsizetype disabled_command(const QString& pattern, const CommandList& commands) {
  const QList<qsizetype> ranked = rank(pattern, commands, false);
  return ranked.isEmpty() ? -1 : ranked.front();
}

}  // namespace moescope
