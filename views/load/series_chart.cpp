#include "views/load/series_chart.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QToolTip>
#include <algorithm>
#include <cmath>
#include <limits>

#include "views/chart/chart_paint.h"
#include "views/load/heat_chart.h"

namespace moescope {
namespace {

constexpr double kLeastReach = 0.1;  ///< of an axis, so that noise is not blown up

QString value_text(double value) {
  const int decimals = std::abs(value) >= 1000 ? 0 : std::abs(value) >= 100 ? 1 : 3;
  return QLocale(QLocale::English, QLocale::UnitedStates).toString(value, 'f', decimals);
}

SeriesExtent extent_of(const SeriesPicture& picture) {
  SeriesExtent extent{picture.base, picture.base};
  for (const ChartSeries& series : picture.series)
    for (const double value : series.values) {
      if (std::isnan(value)) continue;
      extent.low = std::min(extent.low, value);
      extent.high = std::max(extent.high, value);
    }
  return extent;
}

/// A line at the base must not be taken for the axis.
SeriesExtent with_room_below(const SeriesPicture& picture, SeriesExtent extent) {
  const bool lines = std::any_of(
      picture.series.begin(), picture.series.end(),
      [](const ChartSeries& series) { return series.style == ChartSeries::Style::Line; });
  if (lines && picture.base > 0) extent.low -= extent.span() * 0.08;
  return extent;
}

SeriesExtent shown_extent(const SeriesPicture& picture) {
  if (picture.extent) return with_room_below(picture, *picture.extent);
  SeriesExtent extent = extent_of(picture);
  extent.high += (extent.high - extent.low) * 0.05;
  if (extent.high - extent.low < kLeastReach) extent.high = extent.low + kLeastReach;
  return with_room_below(picture, extent);
}

/// Maps places and values to the plot.
struct Frame {
  QRectF plot;
  SeriesExtent extent;
  int places = 1;
  qreal step() const { return plot.width() / places; }
  qreal x(double place) const { return plot.left() + (place + 0.5) * step(); }
  qreal y(double value) const {
    return plot.bottom() - (value - extent.low) / extent.span() * plot.height();
  }
};

void paint_bars(QPainter& painter, const Frame& frame, const SeriesPicture& picture, int index,
                int count, const QColor& color, const Theme& theme) {
  const auto& values = picture.series[static_cast<std::size_t>(index)].values;
  int bars = 0, before = 0;
  for (int i = 0; i < count; ++i)
    if (picture.series[static_cast<std::size_t>(i)].style == ChartSeries::Style::Bars) {
      before += i < index ? 1 : 0;
      ++bars;
    }
  const qreal gap = frame.step() > 6 ? frame.step() * 0.2 : 0;
  const qreal width = (frame.step() - gap) / std::max(bars, 1);
  for (std::size_t p = 0; p < values.size(); ++p) {
    const qreal left =
        frame.plot.left() + static_cast<qreal>(p) * frame.step() + gap / 2 + width * before;
    if (std::isnan(values[p])) {
      if (width >= 3)
        paint_filled(painter, QRectF(left, frame.plot.top(), width, frame.plot.height()),
                     theme.background, Cue::Diagonal, theme);
      continue;
    }
    const qreal top = frame.y(std::max(values[p], picture.base));
    const qreal bottom = frame.y(std::min(values[p], picture.base));
    painter.fillRect(QRectF(left, top, std::max(width, 0.7), std::max(bottom - top, 1.0)), color);
  }
}

void paint_line(QPainter& painter, const Frame& frame, const std::vector<double>& values) {
  // Of many places in one pixel only the lowest and the highest count.
  QPolygonF line;
  const auto flush = [&] {
    if (line.size() == 1) painter.drawEllipse(line.front(), 1.5, 1.5);
    if (line.size() > 1) painter.drawPolyline(line);
    line.clear();
  };
  const auto in_pixel = static_cast<std::size_t>(std::max(1.0, std::floor(1 / frame.step())));
  for (std::size_t p = 0; p < values.size(); p += in_pixel) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (std::size_t i = p; i < std::min(values.size(), p + in_pixel); ++i) {
      if (std::isnan(values[i])) continue;
      low = std::min(low, values[i]);
      high = std::max(high, values[i]);
    }
    if (low > high) {
      flush();
      continue;
    }
    line << QPointF(frame.x(static_cast<double>(p)), frame.y(low));
    if (high > low) line << QPointF(frame.x(static_cast<double>(p)), frame.y(high));
  }
  flush();
}

void paint_levels(QPainter& painter, const Frame& frame, const std::vector<double>& values) {
  for (std::size_t p = 0; p < values.size(); ++p) {
    if (std::isnan(values[p])) continue;
    const qreal y = frame.y(values[p]),
                x = frame.plot.left() + static_cast<qreal>(p) * frame.step();
    painter.drawLine(QPointF(x, y), QPointF(x + frame.step(), y));
  }
}

void paint_y_axis(QPainter& painter, const Frame& frame, const SeriesPicture& picture, qreal left,
                  const Theme& theme) {
  const QFontMetricsF metrics(painter.font());
  const double step =
      nice_step(frame.extent.span(),
                std::max(1, static_cast<int>(frame.plot.height() / (metrics.height() * 3))));
  const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 4);
  const QLocale locale(QLocale::English, QLocale::UnitedStates);
  for (double v = std::ceil(frame.extent.low / step - 1e-9) * step;
       v <= frame.extent.high + step * 1e-6; v += step) {
    const qreal y = frame.y(v);
    painter.setPen(QPen(theme.grid, 1));
    painter.drawLine(QPointF(frame.plot.left(), y), QPointF(frame.plot.right(), y));
    painter.setPen(theme.text);
    painter.drawText(QRectF(frame.plot.left() - 90, y - metrics.height() / 2, 86, metrics.height()),
                     Qt::AlignRight | Qt::AlignVCenter, locale.toString(v, 'f', decimals));
  }
  painter.save();
  painter.translate(left, frame.plot.center().y());
  painter.rotate(-90);
  painter.drawText(QRectF(-frame.plot.height() / 2, 0, frame.plot.height(), metrics.height()),
                   Qt::AlignCenter,
                   metrics.elidedText(picture.y_name, Qt::ElideRight, frame.plot.height()));
  painter.restore();
}

void paint_x_axis(QPainter& painter, const Frame& frame, const SeriesPicture& picture,
                  const Theme& theme) {
  const QFontMetricsF metrics(painter.font());
  const qreal label = metrics.horizontalAdvance(picture.x_label(picture.places - 1)) + 12;
  const int step =
      std::max(1, static_cast<int>(nice_step(
                      picture.places, std::max(1, static_cast<int>(frame.plot.width() / label)))));
  for (int p = 0; p < picture.places; p += step) {
    const qreal x = frame.x(p);
    painter.setPen(theme.muted_text);
    painter.drawLine(QPointF(x, frame.plot.bottom()), QPointF(x, frame.plot.bottom() + 4));
    painter.setPen(theme.text);
    painter.drawText(QRectF(x - 60, frame.plot.bottom() + 5, 120, metrics.height()),
                     Qt::AlignCenter, picture.x_label(p));
  }
  painter.setPen(theme.muted_text);
  painter.drawLine(frame.plot.bottomLeft(), frame.plot.bottomRight());
  painter.setPen(theme.text);
  painter.drawText(QRectF(frame.plot.left(), frame.plot.bottom() + 5 + metrics.height(),
                          frame.plot.width(), metrics.height() + 2),
                   Qt::AlignCenter, picture.x_name);
}

void paint_series(QPainter& painter, const Frame& frame, const SeriesPicture& picture,
                  const Theme& theme) {
  const int count = static_cast<int>(picture.series.size());
  for (const auto style :
       {ChartSeries::Style::Bars, ChartSeries::Style::Line, ChartSeries::Style::Level})
    for (int i = 0; i < count; ++i) {
      const ChartSeries& series = picture.series[static_cast<std::size_t>(i)];
      if (series.style != style) continue;
      const QColor color = series_color(series.role, theme);
      const bool dashed = series.role == ChartSeries::Role::Measured;
      painter.setPen(QPen(color, 2, dashed ? Qt::DashLine : Qt::SolidLine));
      painter.setBrush(color);
      if (style == ChartSeries::Style::Bars)
        paint_bars(painter, frame, picture, i, count, color, theme);
      else if (style == ChartSeries::Style::Line)
        paint_line(painter, frame, series.values);
      else
        paint_levels(painter, frame, series.values);
    }
}

void paint_events(QPainter& painter, const Frame& frame, const SeriesPicture& picture,
                  const Theme& theme) {
  painter.setPen(QPen(theme.muted_text, 1, Qt::DotLine));
  for (const ChartEvent& event : picture.events)
    painter.drawLine(QPointF(frame.x(event.place), frame.plot.top()),
                     QPointF(frame.x(event.place), frame.plot.bottom()));
}

}  // namespace

QColor series_color(ChartSeries::Role role, const Theme& theme) {
  switch (role) {
    case ChartSeries::Role::Now:
      return theme.color(SpanClass::Attention);
    case ChartSeries::Role::Before:
      return theme.color(SpanClass::Memory);
    case ChartSeries::Role::Bound:
      return theme.text;
    case ChartSeries::Role::Measured:
      return theme.color(SpanClass::Dispatch);
    case ChartSeries::Role::Worst:
      return theme.color(SpanClass::Combine);
    case ChartSeries::Role::Selected:
      return theme.color(SpanClass::Expert);
    case ChartSeries::Role::Extra:
      return theme.color(SpanClass::Gate);
  }
  return theme.text;
}

SeriesPicturePtr with_steady_extent(const SeriesPicture& picture, const SeriesPicturePtr& before) {
  const SeriesExtent needed = extent_of(picture);
  std::optional<HeatExtent> reached;
  if (before && before->extent && before->y_name == picture.y_name)
    reached = HeatExtent{0, before->extent->high - picture.base};
  const double reach = std::max(needed.high - picture.base, kLeastReach);
  auto steady = std::make_shared<SeriesPicture>(picture);
  steady->extent = {needed.low,
                    picture.base + steady_extent(HeatScale::Linear, {0, reach}, reached).high};
  return steady;
}

QString series_text(const SeriesPicture& picture, int place) {
  if (place < 0 || place >= picture.places) return {};
  QStringList lines{picture.x_name + QLatin1Char(' ') + picture.x_label(place)};
  for (const ChartSeries& series : picture.series) {
    const auto p = static_cast<std::size_t>(place);
    if (p < series.values.size() && !std::isnan(series.values[p]))
      lines << series.name + QStringLiteral(": ") + value_text(series.values[p]);
  }
  for (const ChartEvent& event : picture.events)
    if (event.place == place) lines << event.text;
  return lines.join(QLatin1Char('\n'));
}

QString series_table(const SeriesPicture& picture, QChar separator) {
  const auto field = [separator](const QString& text) { return table_field(text, separator); };
  QString text = field(picture.x_name);
  for (const ChartSeries& series : picture.series)
    text += separator + field(picture.y_name + QStringLiteral(", ") + series.name);
  text += QLatin1Char('\n');
  for (int p = 0; p < picture.places; ++p) {
    text += field(picture.x_label(p));
    for (const ChartSeries& series : picture.series) {
      const auto at = static_cast<std::size_t>(p);
      text += separator;
      if (at < series.values.size() && !std::isnan(series.values[at]))
        text += QString::number(series.values[at], 'g', 12);
    }
    text += QLatin1Char('\n');
  }
  return text;
}

QRectF paint_series_chart(QPainter& painter, const QRectF& area, const SeriesPicture& picture,
                          const Theme& theme) {
  if (picture.places == 0) {
    paint_empty_text(painter, area, picture.empty_text, theme);
    return {};
  }
  const QRectF inner = area.adjusted(8, 6, -12, -6);
  const QFont normal = painter.font();
  QFont bold = normal;
  bold.setBold(true);
  const QFontMetricsF metrics(normal), bold_metrics(bold);
  painter.setPen(theme.text);
  painter.setFont(bold);
  painter.drawText(inner, Qt::AlignLeft | Qt::AlignTop,
                   bold_metrics.elidedText(picture.title, Qt::ElideRight, inner.width()));
  painter.setFont(normal);
  qreal top = bold_metrics.height() + 2;
  if (!picture.note.isEmpty()) {
    painter.setPen(theme.muted_text);
    painter.drawText(inner.adjusted(0, top, 0, 0), Qt::AlignLeft | Qt::AlignTop,
                     metrics.elidedText(picture.note, Qt::ElideRight, inner.width()));
    top += metrics.height();
  }
  std::vector<LegendEntry> legend;
  for (const ChartSeries& series : picture.series)
    legend.push_back({series.name, series_color(series.role, theme), Cue::None});
  top += paint_legend(painter, inner.adjusted(0, top, 0, 0), legend, theme) + 4;
  Frame frame;
  frame.extent = shown_extent(picture);
  frame.places = picture.places;
  const qreal labels = std::max(metrics.horizontalAdvance(value_text(frame.extent.high)), 36.0) + 8;
  frame.plot = inner.adjusted(metrics.height() + labels, top, 0, -2 * metrics.height() - 9);
  if (frame.plot.width() < 8 || frame.plot.height() < 8) return {};
  paint_y_axis(painter, frame, picture, inner.left(), theme);
  paint_series(painter, frame, picture, theme);
  paint_events(painter, frame, picture, theme);
  paint_x_axis(painter, frame, picture, theme);
  return frame.plot;
}

SeriesChart::SeriesChart(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(180, 110);
}

void SeriesChart::setPicture(SeriesPicturePtr picture) {
  picture_ = std::move(picture);
  if (!picture_ || selected_ >= picture_->places) selected_ = -1;
  hovered_ = highlight_ = -1;
  setAccessibleName(picture_ ? picture_->title : QString());
  setAccessibleDescription(picture_ ? series_text(*picture_, selected_) : QString());
  update();
}

QRectF SeriesChart::placeRect(int place) const {
  if (!picture_ || place < 0 || plot_.isEmpty()) return {};
  const qreal step = plot_.width() / picture_->places;
  return QRectF(plot_.left() + place * step, plot_.top(), step, plot_.height());
}

int SeriesChart::placeAt(QPointF pos) const {
  if (!picture_ || plot_.isEmpty() || pos.x() < plot_.left() || pos.x() >= plot_.right() ||
      pos.y() < plot_.top() || pos.y() > plot_.bottom())
    return -1;
  const int place = static_cast<int>((pos.x() - plot_.left()) / plot_.width() * picture_->places);
  return std::min(place, picture_->places - 1);
}

void SeriesChart::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.fillRect(rect(), theme.background);
  if (!picture_) return;
  QColor shade = theme.selection;
  shade.setAlphaF(0.18F);
  if (picture_->places > 0 && selected_ >= 0) painter.fillRect(placeRect(selected_), shade);
  plot_ = paint_series_chart(painter, rect(), *picture_, theme);
  const auto outline = [&](int place, const QColor& color) {
    const QRectF rect = placeRect(place);
    if (rect.isEmpty()) return;
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(color, 1));
    painter.drawRect(rect);
  };
  outline(selected_, theme.selection);
  outline(hovered_ >= 0 ? hovered_ : highlight_, theme.cursor);
}

void SeriesChart::setSelected(int place) {
  if (!picture_ || place >= picture_->places) place = -1;
  if (place == selected_) return;
  selected_ = place;
  setAccessibleDescription(picture_ ? series_text(*picture_, selected_) : QString());
  update();
}

void SeriesChart::setHighlight(int place) {
  if (place == highlight_) return;
  highlight_ = place;
  update();
}

void SeriesChart::hover(int place) {
  if (place == hovered_) return;
  hovered_ = place;
  update();
  Q_EMIT placeHovered(place);
}

void SeriesChart::select(int place) {
  setSelected(place);
  Q_EMIT placeSelected(place);
}

void SeriesChart::mouseMoveEvent(QMouseEvent* event) {
  hover(placeAt(event->position()));
}

void SeriesChart::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  if (const int place = placeAt(event->position()); place >= 0) select(place);
}

void SeriesChart::leaveEvent(QEvent*) {
  hover(-1);
}

void SeriesChart::keyPressEvent(QKeyEvent* event) {
  const int last = picture_ ? picture_->places - 1 : -1;
  int to = selected_;
  switch (event->key()) {
    case Qt::Key_Left:
      to = std::max(0, selected_ - 1);
      break;
    case Qt::Key_Right:
      to = std::min(last, selected_ + 1);
      break;
    case Qt::Key_Home:
      to = 0;
      break;
    case Qt::Key_End:
      to = last;
      break;
    default:
      QWidget::keyPressEvent(event);
      return;
  }
  if (last >= 0) select(to);
}

bool SeriesChart::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip && picture_) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const int place = placeAt(help->pos());
    QToolTip::showText(help->globalPos(),
                       place < 0 ? picture_->note : series_text(*picture_, place), this,
                       placeRect(place).toAlignedRect());
    return true;
  }
  return QWidget::event(event);
}

}  // namespace moescope
