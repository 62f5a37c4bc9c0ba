#include "views/plot/readout.h"

#include <QToolTip>

namespace moescope {

bool show_readout(QWidget& chart, const QHelpEvent& event, const QString& text, const QRectF& of) {
  if (text.isEmpty())
    QToolTip::hideText();
  else
    QToolTip::showText(event.globalPos(), text, &chart, of.toAlignedRect());
  return true;
}

}  // namespace moescope
