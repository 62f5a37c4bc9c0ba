// What a chart says of the point under the pointer: one way for all charts.
#pragma once

#include <QHelpEvent>
#include <QString>
#include <QWidget>

namespace moescope {

/// Shows `text` at the pointer for as long as it stays within `of` (empty: within the widget);
/// an empty text takes away what was shown. Always true: the event is dealt with.
bool show_readout(QWidget& chart, const QHelpEvent& event, const QString& text,
                  const QRectF& of = {});

}  // namespace moescope
