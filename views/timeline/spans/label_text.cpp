#include "views/timeline/spans/label_text.h"

#include <algorithm>

#include "core/analysis/spans/kernel_label.h"

namespace moescope {
namespace {

constexpr qsizetype kMaxTexts = 8192;
constexpr double kPadding = 3;
constexpr qsizetype kMinLetters = 6;  // of a name that is cut, with its ellipsis
constexpr double kWidthStep = 8;      // labels of nearly one width share a layout

}  // namespace

QString short_name(std::string_view name) {
  return QString::fromStdString(kernel_label(name));
}

void LabelCache::setFont(const QFont& font) {
  if (font == font_) return;
  font_ = font;
  metrics_ = QFontMetricsF(font);
  texts_.clear();
}

QStaticText& LabelCache::text(const StringTable& strings, StringId name, double width) {
  const auto bucket = static_cast<quint64>(std::min(width, 2000.0) / kWidthStep);
  const quint64 key = (quint64{name} << 16) | bucket;
  auto it = texts_.find(key);
  if (it != texts_.end()) return *it;
  if (texts_.size() > kMaxTexts) texts_.clear();
  QStaticText text(metrics_.elidedText(short_name(strings[name]), Qt::ElideRight,
                                       static_cast<double>(bucket) * kWidthStep));
  text.setTextFormat(Qt::PlainText);
  text.setPerformanceHint(QStaticText::AggressiveCaching);
  text.prepare(QTransform(), font_);
  return *texts_.insert(key, text);
}

void LabelCache::draw(QPainter& painter, const StringTable& strings, StringId name,
                      const QRectF& rect) {
  const double width = rect.width() - 2 * kPadding;
  if (width < 3 * kWidthStep) return;
  auto& label = text(strings, name, width);
  const QString& shown = label.text();
  if (shown.size() < kMinLetters && shown.endsWith(QChar(0x2026))) return;  // says nothing
  painter.drawStaticText(
      QPointF(rect.left() + kPadding, rect.center().y() - label.size().height() / 2), label);
}

}  // namespace moescope
