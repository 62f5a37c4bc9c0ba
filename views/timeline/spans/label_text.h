// Names of spans as they fit on a lane.
#pragma once

#include <QFont>
#include <QFontMetricsF>
#include <QHash>
#include <QPainter>
#include <QStaticText>
#include <QString>
#include <string_view>

#include "core/trace/trace.h"

namespace moescope {

/// kernel_label(): the one short name of a span.
QString short_name(std::string_view name);

/// Laid-out labels, kept between frames.
class LabelCache {
 public:
  void setFont(const QFont& font);
  const QFont& font() const { return font_; }
  void clear() { texts_.clear(); }
  /// Draws the name of `label` inside `rect` (vertically centred); nothing when not even a few
  /// letters fit.
  void draw(QPainter& painter, const StringTable& strings, StringId name, const QRectF& rect);

 private:
  QStaticText& text(const StringTable& strings, StringId name, double width);

  QFont font_;
  QFontMetricsF metrics_{QFont()};
  QHash<quint64, QStaticText> texts_;
};

}  // namespace moescope
