// Cells of a heatmap to pixels or rectangles: never interpolated, never hiding the loudest cell.
#pragma once

#include <QImage>
#include <QPainter>
#include <QRectF>

#include "views/common/theme.h"
#include "views/load/heat/heat_colors.h"

namespace moescope {

/// Part of the cells that is shown, in cells; fractions while zooming.
struct CellWindow {
  double row = 0, column = 0;  ///< first shown
  double rows = 0, columns = 0;
  friend bool operator==(const CellWindow&, const CellWindow&) = default;
};

/// A picture of `size` pixels. Where several cells share a pixel it shows the highest, or on a
/// diverging scale the one farthest from the middle. Missing cells are hatched.
QImage heat_image(const HeatCells& cells, const HeatColors& colors, const CellWindow& window,
                  QSize size, const Theme& theme);
/// The same as rectangles of one colour for output without pixels (SVG, PDF).
void paint_heat_runs(QPainter& painter, const QRectF& plot, const HeatCells& cells,
                     const HeatColors& colors, const CellWindow& window, const Theme& theme);

}  // namespace moescope
