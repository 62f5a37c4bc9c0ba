// A heatmap with title, axes, colour bar and marks: the same on screen and on paper.
#pragma once

#include <QPainter>
#include <QString>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "views/load/heat/heat_raster.h"

namespace moescope {

struct HeatAxis {
  QString name;
  std::function<QString(int)> label;  ///< of a row or column, short
};

/// Row, column, or cell that is pointed out; -1 marks the whole other direction.
struct HeatMark {
  int row = -1, column = -1;
};

/// What a heatmap shows; immutable, so that a job can make it.
struct HeatPicture {
  QString title;
  QString note;        ///< under the title: what the values are of
  QString value_name;  ///< at the colour bar, with unit
  LoadMatrix values;   ///< on the scale
  HeatColors colors;
  HeatCells cells;
  HeatAxis rows, columns;
  std::vector<HeatMark> marks;
  bool empty() const { return values.empty(); }
  CellWindow whole() const { return {0, 0, double(values.rows), double(values.columns)}; }
};
using HeatPicturePtr = std::shared_ptr<const HeatPicture>;

/// Fills colors and cells from `values`; the scale reaches over all of them, or over `extent`.
void finish_heat_picture(HeatPicture& picture, HeatScale scale,
                         const std::optional<HeatExtent>& extent = {});

/// A value as the colour bar and tool tips write it: 1,204 or 2.31.
QString heat_value_text(double value, HeatScale scale);

/// Where the parts of the chart are.
struct HeatLayout {
  QRectF title, plot, bar;
};
HeatLayout heat_layout(const QFontMetricsF& metrics, const QRectF& area,
                       const HeatPicture& picture);

/// Draws all but the cells under the pointer and the selection.
void paint_heat_chart(QPainter& painter, const HeatLayout& layout, const HeatPicture& picture,
                      const CellWindow& window, const Theme& theme);
/// The rectangle of a cell, of a row (column -1) or of a column (row -1), cut to the plot.
QRectF heat_rect(const HeatLayout& layout, const CellWindow& window, const HeatPicture& picture,
                 int row, int column);
/// A pointer at the colour bar with the value in words.
void paint_bar_pointer(QPainter& painter, const HeatLayout& layout, const HeatPicture& picture,
                       double value, const Theme& theme);

/// Chart without data: says why and what would fill it.
void paint_empty_text(QPainter& painter, const QRectF& area, const QString& text,
                      const Theme& theme);

/// Title, what the values are of, and the lowest, highest and mean cell, in words.
QString heat_summary(const HeatPicture& picture);

/// Header, then a line a row; the first column names the rows. `separator` ',' or '\t'.
QString heat_text(const HeatPicture& picture, QChar separator);

}  // namespace moescope
