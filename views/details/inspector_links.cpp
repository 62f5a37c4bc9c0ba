#include "views/details/inspector_links.h"

namespace moescope {

InspectorLinks::InspectorLinks(QWidget* parent) : QLabel(parent) {
  setObjectName("inspectorLinks");
  setTextFormat(Qt::RichText);
  setTextInteractionFlags(Qt::LinksAccessibleByMouse | Qt::LinksAccessibleByKeyboard);
  setWordWrap(true);
  setContentsMargins(4, 2, 4, 2);
  setAccessibleName(tr("Views that show more of it"));
  connect(this, &QLabel::linkActivated, this, &InspectorLinks::viewWanted);
}

void InspectorLinks::setViews(const QList<QPair<QString, QString>>& views) {
  QStringList links;
  for (const auto& [id, words] : views)
    links << QStringLiteral("<a href=\"%1\">%2</a>").arg(id, words.toHtmlEscaped());
  clear();  // links have the colour that the theme had when the text was set
  setText(links.isEmpty() ? QString() : tr("See: %1").arg(links.join(QStringLiteral(" · "))));
  setVisible(!links.isEmpty());
}

}  // namespace moescope
