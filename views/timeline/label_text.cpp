#include "views/timeline/label_text.h"

#include <algorithm>

namespace moescope {
namespace {

constexpr qsizetype kMaxTexts = 8192;
constexpr double kPadding = 3;
constexpr qsizetype kMinLetters = 6;  // of a name that is cut, with its ellipsis
constexpr double kWidthStep = 8;      // labels of nearly one width share a layout

}  // namespace

QString short_name(std::string_view name) {
  std::string_view core = name;
  if (core.starts_with("void ")) core.remove_prefix(5);
  const auto cut = core.find_first_of("<(");
  // "Memcpy HtoD (Pageable -> Device)" and "attn(F)" are no signatures: nothing qualified.
  const bool signature = name.starts_with("void ") || core.substr(0, cut).find("::") != core.npos;
  if (!signature) return QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size()));
  core = core.substr(0, cut);
  if (const auto colons = core.rfind("::"); colons != core.npos && colons + 2 < core.size())
    core.remove_prefix(colons + 2);
  if (core.empty()) core = name;
  return QString::fromUtf8(core.data(), static_cast<qsizetype>(core.size()));
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
  if (shown.size() < kMinLetters && shown.endsWith(QChar(0x2026))) return;  // tells nothing
  painter.drawStaticText(
      QPointF(rect.left() + kPadding, rect.center().y() - label.size().height() / 2), label);
}

}  // namespace moescope
