#include "views/shell/omni_input.h"

#include <QList>
#include <utility>

namespace moescope {

OmniInput read_omni_input(const QString& typed) {
  static const QList<std::pair<QString, OmniKind>> prefixes = {
      {QStringLiteral(">"), OmniKind::Commands},
      {QStringLiteral("#"), OmniKind::Step},
      {QStringLiteral("@"), OmniKind::Layer},
      {QStringLiteral("="), OmniKind::Sql},
      {QStringLiteral("sql "), OmniKind::Sql}};
  for (const auto& [prefix, kind] : prefixes)
    if (typed.startsWith(prefix, Qt::CaseInsensitive))
      return {kind, typed.mid(prefix.size()).trimmed()};
  return {OmniKind::Spans, typed.trimmed()};
}

}  // namespace moescope
