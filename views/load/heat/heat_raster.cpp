#include "views/load/heat/heat_raster.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "views/plot/chart_paint.h"

namespace moescope {
namespace {

constexpr int kHatch = 6;  // pixels between the lines over missing cells

struct Cells {
  int first = 0, last = 0;  // [first, last)
  friend bool operator==(const Cells&, const Cells&) = default;
};

/// Cells that each of `pixels` pixels shows: the one under its middle, or all that begin in it.
std::vector<Cells> cells_of_pixels(double first, double count, int total, int pixels) {
  std::vector<Cells> result(static_cast<std::size_t>(pixels));
  const double step = count / pixels;
  for (int p = 0; p < pixels; ++p) {
    const double from = first + p * step;
    Cells& cells = result[static_cast<std::size_t>(p)];
    if (step <= 1) {
      cells.first = std::clamp(static_cast<int>(std::floor(from + step / 2)), 0, total - 1);
      cells.last = cells.first + 1;
    } else {
      cells.first = std::clamp(static_cast<int>(std::floor(from + 1e-9)), 0, total - 1);
      cells.last =
          std::clamp(static_cast<int>(std::floor(from + step + 1e-9)), cells.first + 1, total);
    }
  }
  return result;
}

using Loudness = std::vector<std::uint8_t>;
using LoudColors = std::array<QRgb, HeatColors::kLevels + 1>;

/// Colours by loudness; cells of which nothing is known have that of the background.
LoudColors colors_by_loudness(const HeatColors& colors, const Theme& theme) {
  LoudColors by_loudness{};
  for (int level = 0; level < HeatColors::kLevels; ++level)
    by_loudness[colors.loudness(level)] = colors.color(level, theme.dark);
  by_loudness[HeatCells::kMissing] = theme.background.rgb();
  return by_loudness;
}

/// Which columns of cells each column of pixels shows. All show as many or one more, so two spans
/// of `width` cells cover each: there is no loop whose length only the pixel knows.
struct ColumnSpans {
  explicit ColumnSpans(const std::vector<Cells>& columns) {
    int most = 1;
    for (const Cells& c : columns) most = std::max(most, c.last - c.first);
    width = std::max(most - 1, 1);
    for (const Cells& c : columns) {
      first.push_back(c.first);
      // A pixel at the right edge may show fewer.
      second.push_back(std::max(c.last - width, 0));
    }
  }
  int width = 1;
  std::vector<int> first, second;  ///< where the two spans begin
};

/// The loudest of each column over `rows`.
void merge_rows(const HeatCells& cells, Cells rows, Loudness& merged) {
  const auto width = static_cast<std::size_t>(cells.columns);
  std::fill(merged.begin(), merged.end(), HeatCells::kMissing);
  for (int r = rows.first; r < rows.last; ++r) {
    const std::uint8_t* row = &cells.loudness[static_cast<std::size_t>(r) * width];
    std::uint8_t* to = merged.data();
    for (std::size_t c = 0; c < width; ++c) to[c] = std::max(to[c], row[c]);
  }
}

/// Makes each the loudest of the `width` that begin with it; doubles the reach as long as it can.
void merge_columns(Loudness& merged, int width) {
  for (int reach = 1; reach < width;) {
    const auto step = static_cast<std::size_t>(std::min(reach, width - reach));
    std::uint8_t* to = merged.data();
    for (std::size_t c = 0; c + step < merged.size(); ++c) to[c] = std::max(to[c], to[c + step]);
    reach += static_cast<int>(step);
  }
}

/// Calls visit(first pixel row, one behind the last, loudness by column) for runs of equal rows.
template <typename Visit>
void visit_lines(const HeatCells& cells, const std::vector<Cells>& rows,
                 const std::vector<Cells>& columns, Visit visit) {
  const ColumnSpans spans(columns);
  Loudness merged(static_cast<std::size_t>(cells.columns)), line(columns.size());
  for (std::size_t y = 0; y < rows.size();) {
    std::size_t end = y + 1;
    while (end < rows.size() && rows[end] == rows[y]) ++end;
    merge_rows(cells, rows[y], merged);
    merge_columns(merged, spans.width);
    for (std::size_t x = 0; x < line.size(); ++x)
      line[x] = std::max(merged[static_cast<std::size_t>(spans.first[x])],
                         merged[static_cast<std::size_t>(spans.second[x])]);
    visit(static_cast<int>(y), static_cast<int>(end), line);
    y = end;
  }
}

void hatch(QRgb* pixels, const Loudness& line, int y, QRgb mark) {
  for (std::size_t x = 0; x < line.size(); ++x)
    if (line[x] == HeatCells::kMissing && (static_cast<int>(x) + y) % kHatch == 0) pixels[x] = mark;
}

}  // namespace

QImage heat_image(const HeatCells& cells, const HeatColors& colors, const CellWindow& window,
                  QSize size, const Theme& theme) {
  QImage image(size, QImage::Format_RGB32);
  if (cells.loudness.empty() || size.isEmpty()) return image;
  const auto columns = cells_of_pixels(window.column, window.columns, cells.columns, size.width());
  const auto rows = cells_of_pixels(window.row, window.rows, cells.rows, size.height());
  const QRgb mark = theme.muted_text.rgb();
  const LoudColors by_loudness = colors_by_loudness(colors, theme);
  visit_lines(cells, rows, columns, [&](int first, int last, const Loudness& line) {
    auto* pixels = reinterpret_cast<QRgb*>(image.scanLine(first));
    for (std::size_t x = 0; x < line.size(); ++x) pixels[x] = by_loudness[line[x]];
    for (int y = first + 1; y < last; ++y)
      std::memcpy(image.scanLine(y), pixels, line.size() * sizeof(QRgb));
    if (std::memchr(line.data(), HeatCells::kMissing, line.size()) == nullptr) return;
    for (int y = first; y < last; ++y)
      hatch(reinterpret_cast<QRgb*>(image.scanLine(y)), line, y, mark);
  });
  return image;
}

void paint_heat_runs(QPainter& painter, const QRectF& plot, const HeatCells& cells,
                     const HeatColors& colors, const CellWindow& window, const Theme& theme) {
  if (cells.loudness.empty() || plot.isEmpty()) return;
  const LoudColors by_loudness = colors_by_loudness(colors, theme);
  // Edges of cells where there is room for them, else of points.
  const int width = std::max(1, static_cast<int>(std::min(window.columns, plot.width())));
  const int height = std::max(1, static_cast<int>(std::min(window.rows, plot.height())));
  const auto columns = cells_of_pixels(window.column, window.columns, cells.columns, width);
  const auto rows = cells_of_pixels(window.row, window.rows, cells.rows, height);
  const qreal dx = plot.width() / width, dy = plot.height() / height;
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  visit_lines(cells, rows, columns, [&](int first, int last, const Loudness& line) {
    for (std::size_t x = 0; x < line.size();) {
      std::size_t end = x + 1;
      while (end < line.size() && line[end] == line[x]) ++end;
      const QRectF rect(plot.left() + dx * static_cast<qreal>(x), plot.top() + dy * first,
                        dx * static_cast<qreal>(end - x), dy * (last - first));
      if (line[x] == HeatCells::kMissing)
        paint_filled(painter, rect, theme.background, Cue::Diagonal, theme);
      else
        painter.fillRect(rect, QColor(by_loudness[line[x]]));
      x = end;
    }
  });
  painter.restore();
}

}  // namespace moescope
