#include "views/shell/drop_area.h"

#include <QPainter>

#include "views/common/theme.h"

namespace moescope {

DropArea::DropArea(QWidget* parent) : QFrame(parent) {
  setObjectName("dropArea");
}

void DropArea::setInviting(bool inviting) {
  inviting_ = inviting;
  update();
}

void DropArea::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::of(palette());
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(
      QPen(inviting_ ? theme.selection : theme.muted_text, inviting_ ? 2.5 : 1.5, Qt::DashLine));
  painter.setBrush(inviting_ ? theme.alternate : theme.background);
  painter.drawRoundedRect(QRectF(rect()).adjusted(2, 2, -2, -2), 8, 8);
}

}  // namespace moescope
