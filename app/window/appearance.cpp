#include "app/window/appearance.h"

#include <QApplication>
#include <QMainWindow>
#include <QPainter>
#include <QPalette>
#include <QProxyStyle>
#include <QStyleOption>
#include <QTabBar>

#include "views/common/theme.h"
#include "views/shell/full_text_tips.h"

namespace moescope {
namespace {

constexpr double kSmall = 0.88, kLarge = 1.25;  // of the desktop's size of text

/// Fusion outlines input fields darker than the window, which is invisible on a dark one; and its
/// tabs are so wide that nine of them do not fit below a timeline.
class ToolStyle : public QProxyStyle {
 public:
  ToolStyle() : QProxyStyle(QStringLiteral("Fusion")) {}
  int pixelMetric(PixelMetric metric, const QStyleOption* option,
                  const QWidget* widget) const override {
    const int value = QProxyStyle::pixelMetric(metric, option, widget);
    return metric == PM_TabBarTabHSpace ? value / 2 : value;
  }
  void polish(QWidget* widget) override {
    QProxyStyle::polish(widget);
    // Tabs of docks whose titles are cut say nothing; those without room are scrolled to.
    auto* tabs = qobject_cast<QTabBar*>(widget);
    if (tabs == nullptr || qobject_cast<QMainWindow*>(tabs->parentWidget()) == nullptr) return;
    tabs->setElideMode(Qt::ElideNone);
    tabs->setUsesScrollButtons(true);
  }
  using QProxyStyle::polish;
  void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                     const QWidget* widget) const override {
    QProxyStyle::drawPrimitive(element, option, painter, widget);
    if (element == PE_IndicatorCheckBox || element == PE_IndicatorItemViewItemCheck ||
        element == PE_FrameLineEdit)
      outline(*option, *painter);
  }
  void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option,
                          QPainter* painter, const QWidget* widget) const override {
    QProxyStyle::drawComplexControl(control, option, painter, widget);
    if (control == CC_SpinBox) outline(*option, *painter);
  }

 private:
  static void outline(const QStyleOption& option, QPainter& painter) {
    if (!Theme::of(option.palette).dark) return;
    QColor line = option.palette.color(QPalette::Text);
    line.setAlphaF(0.4F);
    painter.save();
    painter.setPen(line);
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5));
    painter.restore();
  }
};

QPalette make_palette(const Theme& theme) {
  const QColor window = theme.dark ? QColor("#24282E") : QColor("#F2F4F6");
  const QColor button = theme.dark ? QColor("#30353C") : QColor("#E8EBEE");
  QPalette p(button, window);
  p.setColor(QPalette::Window, window);
  p.setColor(QPalette::Button, button);
  p.setColor(QPalette::Base, theme.background);
  p.setColor(QPalette::AlternateBase, theme.alternate);
  p.setColor(QPalette::ToolTipBase, theme.dark ? QColor("#30353C") : QColor("#FFFFFF"));
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText,
                          QPalette::ToolTipText, QPalette::BrightText}) {
    p.setColor(role, theme.text);
    p.setColor(QPalette::Disabled, role, theme.muted_text);
  }
  p.setColor(QPalette::PlaceholderText, theme.muted_text);
  p.setColor(QPalette::Link, theme.selection);
  p.setColor(QPalette::Highlight, theme.dark ? QColor("#2F65A8") : QColor("#0B62D6"));
  p.setColor(QPalette::Inactive, QPalette::Highlight,
             theme.dark ? QColor("#35455A") : QColor("#C9DBF2"));
  p.setColor(QPalette::HighlightedText, Qt::white);
  p.setColor(QPalette::Inactive, QPalette::HighlightedText, theme.text);
  return p;
}

}  // namespace

void apply_appearance(const QString& theme) {
  static const QPalette desktop = QApplication::palette();
  const bool dark = theme == "dark" || (theme == "system" && Theme::of(desktop).dark);
  if (dynamic_cast<ToolStyle*>(QApplication::style()) == nullptr) {
    QApplication::setStyle(new ToolStyle);
    qApp->installEventFilter(new FullTextTips(qApp));
  }
  QApplication::setPalette(make_palette(dark ? Theme::dark_theme() : Theme::light()));
}

void apply_text_size(const QString& size) {
  static const QFont desktop = QApplication::font();
  QFont font = desktop;
  const double scale = size == "small" ? kSmall : size == "large" ? kLarge : 1.0;
  font.setPointSizeF(desktop.pointSizeF() * scale);
  QApplication::setFont(font);
}

}  // namespace moescope
