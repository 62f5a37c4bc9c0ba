#include "views/common/theme.h"

#include <QCoreApplication>
#include <QPainter>
#include <QPixmap>
#include <array>

#include "views/common/contrast.h"

namespace moescope {
namespace {

using ClassColors = std::array<const char*, kSpanClassCount>;

// In the order of SpanClass. Colours from a palette that survives red-green blindness.
constexpr ClassColors kLight = {"#4477AA", "#88AADD", "#AA7744", "#EE7733", "#CC3311", "#775599",
                                "#228833", "#66BB77", "#8A7F00", "#999999", "#667788", "#B8C0C8"};
constexpr ClassColors kDark = {"#6FA3D8", "#A9C4EA", "#CF9C66", "#FF9A5C", "#F0684A", "#B59AD8",
                               "#4DB35E", "#8FD79D", "#D8CB4F", "#B5B5B5", "#8899AA", "#4A5360"};

Theme make_light() {
  Theme t;
  t.background = "#FFFFFF";
  t.alternate = "#F5F6F8";
  t.text = "#1B1F24";
  t.muted_text = "#5B6570";
  t.grid = "#DDE1E6";
  t.cursor = "#1B1F24";
  t.selection = "#0B62D6";
  t.ribbon_compute = "#228833";
  t.ribbon_both = "#80CCC4";
  t.ribbon_exposed = "#D6006C";
  return t;
}

Theme make_dark() {
  Theme t;
  t.dark = true;
  t.background = "#1B1E23";
  t.alternate = "#22262C";
  t.text = "#E6E9ED";
  t.muted_text = "#9AA5B1";
  t.grid = "#363C44";
  t.cursor = "#F2F4F7";
  t.selection = "#6CB0FF";
  t.ribbon_compute = "#4DB35E";
  t.ribbon_both = "#257069";
  t.ribbon_exposed = "#FF4F9A";
  return t;
}

}  // namespace

const Theme& Theme::light() {
  static const Theme theme = make_light();
  return theme;
}

const Theme& Theme::dark_theme() {
  static const Theme theme = make_dark();
  return theme;
}

const Theme& Theme::of(const QPalette& palette) {
  return palette.color(QPalette::Window).lightness() < 128 ? dark_theme() : light();
}

QColor Theme::color(SpanClass c) const {
  return QColor((dark ? kDark : kLight)[static_cast<std::size_t>(c)]);
}

QBrush Theme::brush(SpanClass c, bool waits) const {
  return QBrush(color(c), waits ? Qt::BDiagPattern : Qt::SolidPattern);
}

QColor Theme::text_on(const QColor& fill) {
  const QColor black("#111111"), white("#FFFFFF");
  return contrast(fill, black) > contrast(fill, white) ? black : white;
}

QIcon class_swatch(const QBrush& fill, const QColor& border) {
  QPixmap pixmap(28, 28);
  pixmap.setDevicePixelRatio(2);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  painter.setPen(border);
  painter.setBrush(fill);
  painter.drawRect(QRectF(0.5, 0.5, 13, 13));
  return QIcon(pixmap);
}

QString class_label(SpanClass c, bool waits) {
  const auto tr = [](const char* text) { return QCoreApplication::translate("SpanClass", text); };
  const QString suffix = waits ? tr(" (waiting)") : QString();
  switch (c) {
    case SpanClass::Attention:
      return tr("attention") + suffix;
    case SpanClass::Dense:
      return tr("dense GEMM") + suffix;
    case SpanClass::Gate:
      return tr("gate") + suffix;
    case SpanClass::Dispatch:
      return tr("dispatch") + suffix;
    case SpanClass::Combine:
      return tr("combine") + suffix;
    case SpanClass::Communication:
      return tr("communication") + suffix;
    case SpanClass::Expert:
      return tr("expert") + suffix;
    case SpanClass::SharedExpert:
      return tr("shared expert") + suffix;
    case SpanClass::FusedMoe:
      return tr("fused MoE") + suffix;
    case SpanClass::Memory:
      return tr("memory") + suffix;
    case SpanClass::OtherCompute:
      return tr("other compute") + suffix;
    case SpanClass::Host:
      return tr("host") + suffix;
  }
  return {};
}

}  // namespace moescope
