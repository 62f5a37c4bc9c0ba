#include "views/timeline/spans/label_text.h"

#include <algorithm>

namespace moescope {
namespace {

constexpr qsizetype kMaxTexts = 8192;
constexpr double kPadding = 3;
constexpr qsizetype kMinLetters = 6;  // of a name that is cut, with its ellipsis
constexpr double kWidthStep = 8;      // labels of nearly one width share a layout

/// The last `count` components of a qualified name.
std::string_view last_components(std::string_view name, int count) {
  std::size_t at = name.size();
  while (count-- > 0 && at != name.npos && at > 0) at = name.rfind("::", at - 1);
  return at == name.npos || at + 2 >= name.size() ? name : name.substr(at + 2);
}

/// CUTLASS launches everything through one function: what it launches is its first argument, under
/// guards such as enable_sm90<...>. Empty when there is none.
std::string_view launched_by_wrapper(std::string_view name) {
  std::string_view rest = name;
  for (auto open = rest.find('<'); open != rest.npos; open = rest.find('<')) {
    rest.remove_prefix(open + 1);
    const auto inner = rest.substr(0, rest.find_first_of("<(,>"));
    if (!last_components(inner, 1).starts_with("enable_")) return last_components(inner, 2);
  }
  return {};
}

}  // namespace

QString short_name(std::string_view name) {
  std::string_view core = name;
  if (core.starts_with("void ")) core.remove_prefix(5);
  const auto cut = core.find_first_of("<(");
  // "Memcpy HtoD (Pageable -> Device)" and "attn(F)" are no signatures: nothing qualified.
  const bool signature = name.starts_with("void ") || core.substr(0, cut).find("::") != core.npos;
  if (!signature) return QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size()));
  core = last_components(core.substr(0, cut), 1);
  if (core == "device_kernel")
    if (const auto launched = launched_by_wrapper(name); !launched.empty()) core = launched;
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
  if (shown.size() < kMinLetters && shown.endsWith(QChar(0x2026))) return;  // says nothing
  painter.drawStaticText(
      QPointF(rect.left() + kPadding, rect.center().y() - label.size().height() / 2), label);
}

}  // namespace moescope
