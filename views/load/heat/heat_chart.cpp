#include "views/load/heat/heat_chart.h"

#include <QCoreApplication>
#include <QLocale>
#include <QMap>
#include <QPaintEngine>
#include <algorithm>
#include <cmath>

#include "views/plot/chart_paint.h"
#include "views/plot/panel.h"
#include "views/plot/summary.h"

namespace moescope {
namespace {

constexpr qreal kBarWidth = 14, kTick = 4;

QString tr(const char* text) {
  return QCoreApplication::translate("HeatChart", text);
}

qreal widest_row_label(const QFontMetricsF& metrics, const HeatPicture& picture) {
  qreal width = 0;
  const int step = std::max(1, picture.values.rows / 64);
  for (int r = 0; r < picture.values.rows; r += step)
    width = std::max(width, metrics.horizontalAdvance(picture.rows.label(r)));
  return std::max(width, metrics.horizontalAdvance(picture.rows.label(picture.values.rows - 1)));
}

qreal bar_label_width(const QFontMetricsF& metrics, const HeatPicture& picture) {
  qreal width = 0;
  for (const double tick : picture.colors.ticks(6))
    width =
        std::max(width, metrics.horizontalAdvance(heat_value_text(tick, picture.colors.scale())));
  return width;
}

/// Rows, columns and their names around the cells.
void paint_cell_axes(QPainter& painter, const HeatLayout& layout, const HeatPicture& picture,
                     const CellWindow& window, const Theme& theme) {
  PlotPanel panel(layout.plot, painter.font(), theme);
  const auto places = [](double first, double shown, int count, const HeatAxis& axis) {
    return PlaceAxis{first - 0.5, first + shown - 0.5, count, axis.name, axis.label};
  };
  panel.setPlaces(PlotPanel::Side::Left,
                  places(window.row, window.rows, picture.values.rows, picture.rows));
  panel.setPlaces(PlotPanel::Side::Bottom,
                  places(window.column, window.columns, picture.values.columns, picture.columns));
  panel.draw(painter);
}

void paint_color_bar(QPainter& painter, const HeatLayout& layout, const HeatPicture& picture,
                     const Theme& theme) {
  const QFontMetricsF metrics(painter.font());
  const QRectF& bar = layout.bar;
  const int steps = std::max(1, std::min(HeatColors::kLevels, static_cast<int>(bar.height())));
  for (int i = 0; i < steps; ++i) {
    const qreal top = bar.bottom() - bar.height() * (i + 1) / steps;
    const int level = i * (HeatColors::kLevels - 1) / std::max(1, steps - 1);
    painter.fillRect(QRectF(bar.left(), top, bar.width(), bar.height() / steps + 0.5),
                     QColor(picture.colors.color(level, theme.dark)));
  }
  painter.setPen(theme.muted_text);
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(bar);
  // The scale is not linear everywhere: ticks are placed by their position on the bar.
  const int most = std::max(2, static_cast<int>(bar.height() / (metrics.height() * 1.6)));
  ValueAxis axis;
  axis.name = picture.value_name;
  axis.grid = false;
  QMap<double, QString> labels;
  qreal free_above = bar.bottom() + metrics.height();
  for (const double tick : picture.colors.ticks(std::min(most, 8))) {
    const double share = picture.colors.position(tick);
    const qreal y = bar.bottom() - share * bar.height();
    if (y > free_above - metrics.height()) continue;
    free_above = y;
    axis.ticks.push_back(share);
    labels[share] = heat_value_text(tick, picture.colors.scale());
  }
  axis.label = [labels](double share) { return labels.value(share); };
  PlotPanel panel(bar, painter.font(), theme);
  panel.setValues(PlotPanel::Side::Right, axis);
  panel.draw(painter);
}

void paint_marks(QPainter& painter, const HeatLayout& layout, const HeatPicture& picture,
                 const CellWindow& window) {
  painter.save();
  painter.setBrush(Qt::NoBrush);
  for (const HeatMark& mark : picture.marks) {
    const QRectF rect = heat_rect(layout, window, picture, mark.row, mark.column);
    if (rect.isEmpty()) continue;
    // Black on white: seen on every colour of the scale, and in grey.
    painter.setPen(QPen(Qt::white, 4));
    painter.drawRect(rect.adjusted(1, 1, -1, -1));
    painter.setPen(QPen(Qt::black, 2));
    painter.drawRect(rect.adjusted(1, 1, -1, -1));
  }
  painter.restore();
}

}  // namespace

void finish_heat_picture(HeatPicture& picture, HeatScale scale,
                         const std::optional<HeatExtent>& extent) {
  picture.colors = HeatColors(scale, extent ? *extent : heat_extent(scale, picture.values));
  picture.cells = heat_cells(picture.values, picture.colors);
}

QString heat_value_text(double value, HeatScale scale) {
  const QLocale locale(QLocale::English, QLocale::UnitedStates);
  if (scale == HeatScale::Change)
    return (value > 0 ? QStringLiteral("+") : QString()) + locale.toString(value, 'f', 2);
  if (scale == HeatScale::Relative) return locale.toString(value, 'f', 2);
  const bool whole = std::abs(value - std::round(value)) < 1e-9;
  if (value >= 1e7) return locale.toString(value, 'g', 3);
  return locale.toString(value, 'f', whole ? 0 : value < 10 ? 2 : 1);
}

HeatLayout heat_layout(const QFontMetricsF& metrics, const QRectF& area,
                       const HeatPicture& picture) {
  HeatLayout layout;
  layout.title = area.adjusted(8, 6, -8, -6);
  const qreal line = metrics.height();
  const qreal left = line + 6 + widest_row_label(metrics, picture) + kTick + 4;
  const qreal right = kBarWidth + kTick + 4 + bar_label_width(metrics, picture) + line + 16;
  layout.plot = layout.title.adjusted(left, 2 * line + 10, -right, -(2 * line + kTick + 6));
  layout.bar = QRectF(layout.plot.right() + 12, layout.plot.top(), kBarWidth, layout.plot.height());
  return layout;
}

QRectF heat_rect(const HeatLayout& layout, const CellWindow& window, const HeatPicture& picture,
                 int row, int column) {
  const QRectF& plot = layout.plot;
  const qreal width = plot.width() / window.columns, height = plot.height() / window.rows;
  const double r0 = row < 0 ? 0 : row, r1 = row < 0 ? picture.values.rows : row + 1;
  const double c0 = column < 0 ? 0 : column, c1 = column < 0 ? picture.values.columns : column + 1;
  const QRectF rect(plot.left() + (c0 - window.column) * width,
                    plot.top() + (r0 - window.row) * height, (c1 - c0) * width, (r1 - r0) * height);
  return rect & plot;
}

void paint_heat_chart(QPainter& painter, const HeatLayout& layout, const HeatPicture& picture,
                      const CellWindow& window, const Theme& theme) {
  paint_heading(painter, layout.title, picture.title, picture.note, theme);
  if (layout.plot.width() < 8 || layout.plot.height() < 8) return;
  const bool pixels =
      painter.paintEngine() != nullptr && painter.paintEngine()->type() == QPaintEngine::Raster;
  if (pixels) {
    const qreal scale = painter.device()->devicePixelRatioF();
    const QSize size = (layout.plot.size() * scale).toSize();
    // Point for point: a target rectangle of fractions would be drawn as a scaled image.
    QImage image = heat_image(picture.cells, picture.colors, window, size, theme);
    image.setDevicePixelRatio(scale);
    painter.drawImage(layout.plot.topLeft().toPoint(), image);
  } else {
    paint_heat_runs(painter, layout.plot, picture.cells, picture.colors, window, theme);
  }
  painter.setPen(theme.muted_text);
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(layout.plot);
  painter.setPen(theme.text);
  paint_cell_axes(painter, layout, picture, window, theme);
  paint_color_bar(painter, layout, picture, theme);
  paint_marks(painter, layout, picture, window);
}

void paint_bar_pointer(QPainter& painter, const HeatLayout& layout, const HeatPicture& picture,
                       double value, const Theme& theme) {
  if (std::isnan(value)) return;
  const QRectF& bar = layout.bar;
  const qreal y = bar.bottom() - picture.colors.position(value) * bar.height();
  const QPointF tip(bar.right() - 1, y);
  painter.setPen(Qt::NoPen);
  painter.setBrush(theme.text);
  painter.drawPolygon(QPolygonF{tip, tip + QPointF(8, -5), tip + QPointF(8, 5)});
  const QString text = heat_value_text(value, picture.colors.scale());
  const QFontMetricsF metrics(painter.font());
  const QRectF box(bar.right() + 8, y - metrics.height() / 2 - 1,
                   metrics.horizontalAdvance(text) + 8, metrics.height() + 2);
  painter.drawRect(box);
  painter.setPen(theme.background);
  painter.drawText(box, Qt::AlignCenter, text);
}

void paint_empty_text(QPainter& painter, const QRectF& area, const QString& text,
                      const Theme& theme) {
  painter.setPen(theme.muted_text);
  painter.drawText(area.adjusted(24, 12, -24, -12), Qt::AlignCenter | Qt::TextWordWrap, text);
}

QString heat_summary(const HeatPicture& picture) {
  const LoadMatrix& values = picture.values;
  std::size_t lowest = 0, highest = 0, count = 0;
  double sum = 0;
  for (std::size_t i = 0; i < values.values.size(); ++i) {
    const double value = values.values[i];
    if (std::isnan(value)) continue;
    if (count == 0 || value < values.values[lowest]) lowest = i;
    if (count == 0 || value > values.values[highest]) highest = i;
    sum += value;
    ++count;
  }
  QStringList sentences{picture.title, picture.note};
  sentences.removeAll(QString());
  sentences << tr("%1 by %2, %3 by %4 cells")
                   .arg(picture.rows.name, picture.columns.name, QString::number(values.rows),
                        QString::number(values.columns));
  const auto place = [&](std::size_t i) {
    const int row = static_cast<int>(i) / values.columns;
    return tr("%1 %2, %3 %4")
        .arg(picture.rows.name, picture.rows.label(row), picture.columns.name,
             picture.columns.label(static_cast<int>(i) - row * values.columns));
  };
  const auto number = [&](double v) { return heat_value_text(v, picture.colors.scale()); };
  if (count > 0)
    sentences << tr("%1: %2").arg(
        picture.value_name,
        extremes_text(number(values.values[lowest]), place(lowest), number(values.values[highest]),
                      place(highest), number(sum / static_cast<double>(count))));
  return sentences.join(QStringLiteral(". ")) + QLatin1Char('.');
}

QString heat_text(const HeatPicture& picture, QChar separator) {
  const auto field = [separator](const QString& text) { return table_field(text, separator); };
  QString text = field(picture.rows.name + QStringLiteral(" \\ ") + picture.columns.name +
                       QStringLiteral(": ") + picture.value_name);
  for (int c = 0; c < picture.values.columns; ++c)
    text += separator + field(picture.columns.label(c));
  text += QLatin1Char('\n');
  for (int r = 0; r < picture.values.rows; ++r) {
    text += field(picture.rows.label(r));
    for (int c = 0; c < picture.values.columns; ++c) {
      const double value = picture.values.at(r, c);
      text += separator;
      if (!std::isnan(value)) text += QString::number(value, 'g', 12);
    }
    text += QLatin1Char('\n');
  }
  return text;
}

}  // namespace moescope
