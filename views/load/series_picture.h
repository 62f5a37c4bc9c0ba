// Bars, lines and marks over numbered places: layers, GPUs, windows, steps. What is shown, and its
// painting: the same on screen and on paper.
#pragma once

#include <QPainter>
#include <QString>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "views/common/theme.h"
#include "views/plot/axis/place_window.h"

namespace moescope {

struct ChartSeries {
  enum class Style { Bars, Line, Level };  ///< Level: a short line over each place
  /// What it stands for, which gives its colour in every chart.
  enum class Role { Now, Before, Bound, Measured, Worst, Selected, Extra };
  QString name;
  Style style = Style::Bars;
  Role role = Role::Now;
  std::vector<double> values;  ///< by place; NaN where there is none
};
QColor series_color(ChartSeries::Role role, const Theme& theme);

/// What the value axis of a chart reaches over.
struct SeriesExtent {
  double low = 0, high = 1;
  double span() const { return high - low; }
};

struct ChartEvent {
  int place = 0;
  QString text;
};

/// What a chart shows; immutable.
struct SeriesPicture {
  QString title, note, x_name, y_name;
  int places = 0;
  double base = 0;  ///< where bars and the axis begin: the value of perfect balance, or 0
  std::optional<SeriesExtent> extent;  ///< none: as far as the values need it
  std::vector<ChartSeries> series;
  std::vector<ChartEvent> events;       ///< vertical lines
  std::function<QString(int)> x_label;  ///< of a place, short
  QString empty_text;                   ///< shown when there are no places
};
using SeriesPicturePtr = std::shared_ptr<const SeriesPicture>;

/// For pictures that are rebuilt all the time while something is recorded: the same with an
/// extent that moves in steps only, as steady_extent() of heatmaps. `before` is the picture on
/// screen, which counts when it has the same values.
SeriesPicturePtr with_steady_extent(const SeriesPicture& picture, const SeriesPicturePtr& before);

/// "name: 1.23" for every series at a place.
QString series_text(const SeriesPicture& picture, int place);
/// Header and a line a place.
QString series_table(const SeriesPicture& picture, QChar separator);

/// Title, and the lowest, highest and mean value of every series, in words.
QString series_summary(const SeriesPicture& picture);

/// Draws title, legend, axes and series; returns the rectangle of the plot. `window`: the places
/// that are shown; one without places shows all.
QRectF paint_series_chart(QPainter& painter, const QRectF& area, const SeriesPicture& picture,
                          const Theme& theme, const PlaceWindow& window = {});

}  // namespace moescope
