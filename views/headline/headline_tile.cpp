#include "views/headline/headline_tile.h"

#include <QEvent>
#include <QPainter>
#include <QStyle>
#include <QStyleOptionFocusRect>
#include <algorithm>
#include <cmath>

#include "views/common/theme.h"

namespace moescope {
namespace {
constexpr int kMargin = 8, kLeastText = 64, kMostText = 420;  // logical pixels
constexpr int kMostKept = 150;                                // where there is little room
constexpr int kTrendWidth = 56, kTrendGap = 8;
constexpr int kLargeLine = 20;  // height of large text

/// Of text that is not elided: letters may have fractions of a pixel.
int width_of(const QString& text, const QFont& font) {
  return static_cast<int>(std::ceil(QFontMetricsF(font).horizontalAdvance(text))) + 1;
}
}  // namespace

bool operator==(const TileText& a, const TileText& b) {
  const auto same = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  return a.caption == b.caption && a.value == b.value && a.note == b.note &&
         a.definition == b.definition && a.bad == b.bad &&
         std::equal(a.trend.begin(), a.trend.end(), b.trend.begin(), b.trend.end(), same);
}

HeadlineTile::HeadlineTile(QWidget* parent) : QAbstractButton(parent) {
  setCursor(Qt::PointingHandCursor);
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void HeadlineTile::setTile(TileText text) {
  if (text == text_) return;
  text_ = std::move(text);
  setVisible(!text_.value.isEmpty());
  setAccessibleName(text_.caption);
  setAccessibleDescription(text_.value + (text_.note.isEmpty() ? QString() : ", " + text_.note));
  setToolTip(QStringLiteral("%1: %2\n%3\n%4")
                 .arg(text_.caption, text_.value, text_.note, text_.definition)
                 .trimmed());
  updateGeometry();
  update();
}

QFont HeadlineTile::valueFont() const {
  QFont value = font();
  value.setPointSizeF(value.pointSizeF() * 1.45);
  value.setWeight(QFont::DemiBold);
  return value;
}

QFont HeadlineTile::smallFont() const {
  QFont small = font();
  small.setPointSizeF(std::max(7.5, small.pointSizeF() * 0.88));
  return small;
}

QSize HeadlineTile::sizeHint() const {
  const QFontMetrics small(smallFont()), value(valueFont());
  const int trend = text_.trend.empty() ? 0 : kTrendGap + kTrendWidth;
  const int text =
      std::max({width_of(text_.caption, smallFont()), width_of(text_.value, valueFont()) + trend,
                width_of(text_.note, smallFont())});
  const int most = kMostText * std::max(1, small.height() / 12);
  return {std::clamp(text, kLeastText, most) + 2 * kMargin + 1,
          2 * small.height() + value.height() + 4};
}

/// Long texts give way first, and with large text all but the value; the tooltip has them.
QSize HeadlineTile::minimumSizeHint() const {
  int text = width_of(text_.value, valueFont());
  if (QFontMetrics(smallFont()).height() <= kLargeLine)
    text =
        std::max({text, width_of(text_.caption, smallFont()), width_of(text_.note, smallFont())});
  return {std::clamp(text, kLeastText, kMostKept) + 2 * kMargin + 1, sizeHint().height()};
}

bool HeadlineTile::event(QEvent* event) {
  if (event->type() == QEvent::FontChange) updateGeometry();
  return QAbstractButton::event(event);
}

void HeadlineTile::paintTrend(QPainter& painter, const QRectF& area, const QColor& color) const {
  double high = 0;
  for (const double value : text_.trend) high = std::fmax(high, value);
  if (high <= 0) return;
  const double step = area.width() / static_cast<double>(text_.trend.size());
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(color, 1.2));
  QPolygonF line;
  const auto draw = [&] {
    painter.drawPolyline(line);
    line.clear();
  };
  for (std::size_t i = 0; i < text_.trend.size(); ++i) {
    const double value = text_.trend[i];
    if (std::isnan(value)) {
      draw();
      continue;
    }
    const double y = area.bottom() - value / high * area.height();
    const double x = area.left() + step * static_cast<double>(i);
    line << QPointF(x, y) << QPointF(x + step, y);  // each holds for its window
  }
  draw();
  painter.restore();
}

void HeadlineTile::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  if (underMouse() || isDown()) painter.fillRect(rect(), theme.alternate);
  painter.setPen(theme.grid);
  painter.drawLine(width() - 1, 4, width() - 1, height() - 4);

  const QFontMetrics small(smallFont()), value(valueFont());
  const int room = width() - 2 * kMargin - 1;
  int y = 2;
  const auto line = [&](const QFont& font, const QFontMetrics& metrics, const QColor& color,
                        const QString& text) {
    painter.setFont(font);
    painter.setPen(color);
    painter.drawText(QRect(kMargin, y, room, metrics.height()), Qt::AlignLeft | Qt::AlignVCenter,
                     metrics.elidedText(text, Qt::ElideRight, room));
    y += metrics.height();
  };
  line(smallFont(), small, theme.muted_text, text_.caption);
  const int free = room - value.horizontalAdvance(text_.value) - kTrendGap;
  if (!text_.trend.empty() && free >= kTrendWidth)
    paintTrend(painter,
               QRectF(kMargin + room - kTrendWidth, y + 3, kTrendWidth, value.height() - 6),
               text_.bad ? theme.ribbon_exposed : theme.muted_text);
  line(valueFont(), value, text_.bad ? theme.ribbon_exposed : theme.text, text_.value);
  line(smallFont(), small, theme.muted_text, text_.note);
  if (!hasFocus()) return;
  QStyleOptionFocusRect focus;
  focus.initFrom(this);
  focus.rect = rect().adjusted(1, 1, -2, -1);
  style()->drawPrimitive(QStyle::PE_FrameFocusRect, &focus, &painter, this);
}

}  // namespace moescope
