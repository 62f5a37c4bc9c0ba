#include "views/common/tool_icon.h"

#include <QApplication>
#include <QFile>
#include <QIconEngine>
#include <QPainter>
#include <QPalette>
#include <QSvgRenderer>

namespace moescope {
namespace {

/// Reads the file and paints at the time of use: parts of the window make actions before its
/// resources are there, and another theme needs nobody to exchange icons.
class ToolIconEngine : public QIconEngine {
 public:
  ToolIconEngine(QString name, const QColor& color) : name_(std::move(name)), color_(color) {}

  void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
    const auto group = mode == QIcon::Disabled ? QPalette::Disabled : QPalette::Active;
    const QColor color =
        color_.isValid() ? color_ : QApplication::palette().color(group, QPalette::ButtonText);
    QFile file(QStringLiteral(":/icons/%1.svg").arg(name_));
    if (!file.open(QIODevice::ReadOnly)) return;
    QByteArray svg = file.readAll();
    svg.replace("currentColor", color.name().toLatin1());
    if (mode == QIcon::Disabled) painter->setOpacity(painter->opacity() * kDisabled);
    QSvgRenderer(svg).render(painter, rect);
  }

  QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
    QPixmap pixmap(size);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    paint(&painter, QRect(QPoint(0, 0), size), mode, state);
    return pixmap;
  }

  QIconEngine* clone() const override { return new ToolIconEngine(name_, color_); }

 private:
  static constexpr double kDisabled = 0.5;
  QString name_;
  QColor color_;
};

}  // namespace

QIcon tool_icon(const QString& name, const QColor& color) {
  return QIcon(new ToolIconEngine(name, color));
}

}  // namespace moescope
