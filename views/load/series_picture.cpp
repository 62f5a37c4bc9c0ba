#include "views/load/series_picture.h"

#include <QCoreApplication>
#include <QLocale>
#include <algorithm>
#include <cmath>

#include "views/load/heat/heat_chart.h"
#include "views/plot/chart_paint.h"
#include "views/plot/panel.h"
#include "views/plot/summary.h"

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

/// Pixels that a place has.
qreal place_width(const PlotPanel& panel) {
  return panel.x(1) - panel.x(0);
}

/// Room between the groups of bars, as a share of a place, where it can be seen.
double bar_gap(const PlotPanel& panel) {
  return place_width(panel) > 6 ? 0.2 : 0;
}

/// Bars stand beside each other: bar `index` of `count` at each place.
void add_bars(PlotPanel& panel, const SeriesPicture& picture, const ChartSeries& series, int index,
              int count, const Theme& theme) {
  const double gap = bar_gap(panel), width = (1 - gap) / count;
  QVector<double> x, y;
  for (std::size_t p = 0; p < series.values.size(); ++p) {
    x.push_back(static_cast<double>(p) - 0.5 + gap / 2 + width * (index + 0.5));
    y.push_back(series.values[p]);
  }
  panel.addBars(x, y, width, picture.base, series_color(series.role, theme));
}

/// Bars that have no value are hatched over the whole height.
void paint_missing_bars(QPainter& painter, const PlotPanel& panel, const ChartSeries& series,
                        int index, int count, const Theme& theme) {
  const double gap = bar_gap(panel), width = (1 - gap) / count;
  const qreal pixels = width * place_width(panel);
  if (pixels < 3) return;
  for (std::size_t p = 0; p < series.values.size(); ++p)
    if (std::isnan(series.values[p])) {
      const qreal left = panel.x(static_cast<double>(p) - 0.5 + gap / 2 + width * index);
      const QRectF bar(left, panel.plot().top(), pixels, panel.plot().height());
      paint_filled(painter, bar & panel.plot(), theme.background, Cue::Diagonal, theme);
    }
}

void add_line(PlotPanel& panel, const ChartSeries& series, const Theme& theme) {
  const QColor color = series_color(series.role, theme);
  QVector<double> x, y, alone_x, alone_y;
  const auto known = [&](std::size_t p) {
    return p < series.values.size() && !std::isnan(series.values[p]);
  };
  for (std::size_t p = 0; p < series.values.size(); ++p) {
    x.push_back(static_cast<double>(p));
    y.push_back(series.values[p]);
    if (!known(p) || known(p + 1) || (p > 0 && known(p - 1))) continue;
    alone_x.push_back(x.back());
    alone_y.push_back(y.back());
  }
  const bool dashed = series.role == ChartSeries::Role::Measured;
  panel.addLine(x, y, QPen(color, 2, dashed ? Qt::DashLine : Qt::SolidLine));
  panel.addMarks(alone_x, alone_y, PlotPanel::Mark::Disc, 4, color);
}

/// A short line over each place.
void add_levels(PlotPanel& panel, const ChartSeries& series, const Theme& theme) {
  QVector<double> x, y;
  for (std::size_t p = 0; p < series.values.size(); ++p) {
    const auto place = static_cast<double>(p);
    x << place - 0.5 << place + 0.5 << place + 0.5;
    y << series.values[p] << series.values[p] << std::nan("");
  }
  panel.addLine(x, y, QPen(series_color(series.role, theme), 2));
}

void add_series(QPainter& painter, PlotPanel& panel, const SeriesPicture& picture,
                const Theme& theme) {
  const auto bars = static_cast<int>(std::count_if(
      picture.series.begin(), picture.series.end(),
      [](const ChartSeries& series) { return series.style == ChartSeries::Style::Bars; }));
  int index = 0;
  for (const ChartSeries& series : picture.series)
    if (series.style == ChartSeries::Style::Bars) {
      paint_missing_bars(painter, panel, series, index, bars, theme);
      add_bars(panel, picture, series, index++, bars, theme);
    }
  for (const ChartSeries& series : picture.series)
    if (series.style == ChartSeries::Style::Line) add_line(panel, series, theme);
  for (const ChartSeries& series : picture.series)
    if (series.style == ChartSeries::Style::Level) add_levels(panel, series, theme);
  const SeriesExtent extent = shown_extent(picture);
  for (const ChartEvent& event : picture.events)
    panel.addLine({double(event.place), double(event.place)}, {extent.low, extent.high},
                  QPen(theme.muted_text, 1, Qt::DotLine));
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

QString series_summary(const SeriesPicture& picture) {
  if (picture.places == 0) return picture.empty_text;
  const auto tr = [](const char* text) { return QCoreApplication::translate("Series", text); };
  QStringList sentences{picture.title};
  if (!picture.note.isEmpty()) sentences << picture.note;
  sentences << tr("%1 by %2, %3 in all").arg(picture.y_name, picture.x_name).arg(picture.places);
  for (const ChartSeries& series : picture.series) {
    int lowest = -1, highest = -1, count = 0;
    double sum = 0;
    const auto at = [&](int place) { return series.values[static_cast<std::size_t>(place)]; };
    for (int p = 0; p < std::min(picture.places, static_cast<int>(series.values.size())); ++p) {
      if (std::isnan(at(p))) continue;
      if (lowest < 0 || at(p) < at(lowest)) lowest = p;
      if (highest < 0 || at(p) > at(highest)) highest = p;
      sum += at(p);
      ++count;
    }
    if (count == 0) continue;
    const auto place = [&](int p) { return picture.x_name + ' ' + picture.x_label(p); };
    sentences << tr("%1: %2").arg(
        series.name, extremes_text(value_text(at(lowest)), place(lowest), value_text(at(highest)),
                                   place(highest), value_text(sum / count)));
  }
  return sentences.join(QStringLiteral(". ")) + QLatin1Char('.');
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
                          const Theme& theme, const PlaceWindow& window) {
  if (picture.places == 0) {
    paint_empty_text(painter, area, picture.empty_text, theme);
    return {};
  }
  const QRectF inner = area.adjusted(8, 6, -12, -6);
  const QFontMetricsF metrics(painter.font());
  qreal top = paint_heading(painter, inner, picture.title, picture.note, theme);
  std::vector<LegendEntry> legend;
  for (const ChartSeries& series : picture.series)
    legend.push_back({series.name, series_color(series.role, theme), Cue::None});
  top += paint_legend(painter, inner.adjusted(0, top, 0, 0), legend, theme) + 4;
  const SeriesExtent extent = shown_extent(picture);
  ValueAxis values;
  values.low = extent.low;
  values.high = extent.high;
  values.name = picture.y_name;
  const qreal below = place_axis_height(metrics);
  const qreal left = value_axis_width(metrics, values, inner.height() - top - below);
  const QRectF plot = inner.adjusted(left, top, 0, -below);
  if (plot.width() < 8 || plot.height() < 8) return {};
  PlotPanel panel(plot, painter.font(), theme);
  panel.setValues(PlotPanel::Side::Left, values);
  const PlaceWindow shown = window.shown > 0 ? window : PlaceWindow::whole(picture.places);
  panel.setPlaces(PlotPanel::Side::Bottom, {shown.first - 0.5, shown.first + shown.shown - 0.5,
                                            picture.places, picture.x_name, picture.x_label});
  add_series(painter, panel, picture, theme);
  panel.draw(painter);
  return panel.plot();
}

}  // namespace moescope
