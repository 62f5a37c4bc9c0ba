// Bars, lines and marks over numbered places: layers, GPUs, windows, steps. Same on screen and
// paper.
#pragma once

#include <QPainter>
#include <QString>
#include <QWidget>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "views/common/theme.h"

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

/// For pictures that are made anew all the time while something is recorded: the same with an
/// extent that moves in steps only, as steady_extent() of heatmaps. `before` is the picture on
/// screen, which counts when it has the same values.
SeriesPicturePtr with_steady_extent(const SeriesPicture& picture, const SeriesPicturePtr& before);

/// "name: 1.23" for every series at a place.
QString series_text(const SeriesPicture& picture, int place);
/// Header and a line a place.
QString series_table(const SeriesPicture& picture, QChar separator);

/// Draws title, legend, axes and series; returns the rectangle of the plot.
QRectF paint_series_chart(QPainter& painter, const QRectF& area, const SeriesPicture& picture,
                          const Theme& theme);

/// Hover shows all values of a place, click or arrows select it.
class SeriesChart : public QWidget {
  Q_OBJECT

 public:
  explicit SeriesChart(QWidget* parent = nullptr);
  void setPicture(SeriesPicturePtr picture);
  const SeriesPicturePtr& picture() const { return picture_; }
  void setSelected(int place);
  int selected() const { return selected_; }
  void setHighlight(int place);
  int placeAt(QPointF pos) const;
  QSize sizeHint() const override { return {320, 180}; }

 Q_SIGNALS:
  void placeSelected(int place);
  void placeHovered(int place);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;
  bool event(QEvent* event) override;

 private:
  QRectF placeRect(int place) const;
  void hover(int place);
  void select(int place);

  SeriesPicturePtr picture_;
  QRectF plot_;
  int selected_ = -1, hovered_ = -1, highlight_ = -1;
};

}  // namespace moescope
