#include "views/compare/align_grip.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include "views/common/theme.h"

namespace moescope {

AlignGrip::AlignGrip(QWidget* parent) : QWidget(parent) {
  setObjectName("alignGrip");
  setCursor(Qt::SizeHorCursor);
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAccessibleName(tr("Shift the lanes of A"));
  setToolTip(
      tr("Drag sideways to move the lanes of A against those of B; the left and right keys move "
         "them by a pixel, with Shift by ten."));
}

void AlignGrip::setNames(const QString& above, const QString& below) {
  above_ = above;
  below_ = below;
  setAccessibleDescription(tr("Above: %1, below: %2").arg(above, below));
  update();
}

QSize AlignGrip::sizeHint() const {
  return {400, fontMetrics().height() + 6};
}

void AlignGrip::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::of(palette());
  QPainter painter(this);
  painter.fillRect(rect(), theme.alternate);
  painter.setPen(hasFocus() ? theme.selection : theme.grid);
  painter.drawRect(rect().adjusted(0, 0, -1, -1));
  painter.setPen(theme.text);
  const int half = width() / 2;
  const auto part = [&](const QRect& room, Qt::Alignment side, const QString& text) {
    painter.drawText(room, Qt::AlignVCenter | side,
                     fontMetrics().elidedText(text, Qt::ElideMiddle, room.width()));
  };
  part({8, 0, half - 40, height()}, Qt::AlignLeft, QStringLiteral("▲ ") + above_);
  part({half + 32, 0, width() - half - 40, height()}, Qt::AlignRight,
       QStringLiteral("▼ ") + below_);
  painter.setPen(theme.muted_text);
  painter.drawText(QRect(half - 30, 0, 60, height()), Qt::AlignCenter, QStringLiteral("◂ ⋮ ▸"));
}

void AlignGrip::mousePressEvent(QMouseEvent* event) {
  last_x_ = event->position().x();
}

void AlignGrip::mouseMoveEvent(QMouseEvent* event) {
  if (!(event->buttons() & Qt::LeftButton)) return;
  Q_EMIT dragged(event->position().x() - last_x_);
  last_x_ = event->position().x();
}

void AlignGrip::keyPressEvent(QKeyEvent* event) {
  const double step = event->modifiers() & Qt::ShiftModifier ? 10 : 1;
  if (event->key() == Qt::Key_Left)
    Q_EMIT dragged(-step);
  else if (event->key() == Qt::Key_Right)
    Q_EMIT dragged(step);
  else
    QWidget::keyPressEvent(event);
}

}  // namespace moescope
