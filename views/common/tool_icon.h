// Icons of the program in the colour of the text beside them, in light and dark.
#pragma once

#include <QColor>
#include <QIcon>
#include <QString>

namespace moescope {

/// The icon ":/icons/NAME.svg", which follows the palette of the application. An invalid `color` is
/// that of the text of buttons.
QIcon tool_icon(const QString& name, const QColor& color = {});

}  // namespace moescope
