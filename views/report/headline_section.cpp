#include "views/report/headline_section.h"

namespace moescope {
namespace {

QString card(const TileText& tile) {
  const QString definition = QString(tile.definition).replace('\n', ' ').toHtmlEscaped();
  return QStringLiteral(
             "<td class=\"card\" title=\"%1\"><span class=\"muted\">%2</span><br>"
             "<b class=\"value%3\">%4</b><br><span class=\"muted\">%5</span></td>")
      .arg(definition, tile.caption.toHtmlEscaped(), tile.bad ? QStringLiteral(" bad") : QString(),
           tile.value.toHtmlEscaped(), tile.note.toHtmlEscaped());
}

}  // namespace

QString headline_section(const std::vector<TileText>& tiles) {
  QString cards;
  for (const TileText& tile : tiles)
    if (!tile.value.isEmpty()) cards += card(tile);
  // A table: PDF is made from a subset of HTML that has no boxes.
  return cards.isEmpty() ? QString() : "<table class=\"cards\"><tr>" + cards + "</tr></table>\n";
}

QString headline_style() {
  return QStringLiteral(
      "td.card{border:1px solid #DDE1E6;padding:8px "
      "14px}.value{font-size:170%}.bad{color:#D6006C}\n"
      "@media screen and (prefers-color-scheme: "
      "dark){td.card{border-color:#363C44}.bad{color:#FF4F9A}}\n");
}

}  // namespace moescope
