#include "views/load/heat_raster.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "views/common/chart_paint.h"

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

/// A level under how much it is worth seeing, so that of cells that share a pixel the greatest key
/// shows: the loudest, of two as loud the higher; missing ones least.
using Key = std::uint16_t;
using Keys = std::array<Key, HeatCells::kMissing + 1>;
Keys keys_of_levels(bool diverging) {
  constexpr int middle = HeatColors::kLevels / 2;
  Keys keys{};
  for (int level = 0; level < HeatColors::kLevels; ++level) {
    const int loud = 1 + (diverging ? std::abs(level - middle) : level);
    keys[static_cast<std::size_t>(level)] = static_cast<Key>(loud << 8 | level);
  }
  keys[HeatCells::kMissing] = HeatCells::kMissing;
  return keys;
}

/// The greatest key of each column over `rows`, then `padding` keys that nothing shows.
void merge_rows(const HeatCells& cells, Cells rows, std::size_t padding, const Keys& keys,
                std::vector<Key>& merged) {
  const auto width = static_cast<std::size_t>(cells.columns);
  merged.assign(width + padding, 0);
  for (int r = rows.first; r < rows.last; ++r) {
    const std::uint8_t* row = &cells.levels[static_cast<std::size_t>(r) * width];
    for (std::size_t c = 0; c < width; ++c) merged[c] = std::max(merged[c], keys[row[c]]);
  }
}

/// Levels by column of pixels. Each shows `least` columns of cells or one more, so the last one is
/// taken besides the first `least`: no count of its own for each pixel, which no processor
/// foresees.
void fill_line(const std::vector<Key>& merged, const std::vector<Cells>& columns, std::size_t least,
               std::vector<std::uint8_t>& line) {
  for (std::size_t x = 0; x < columns.size(); ++x) {
    const Key* first = &merged[static_cast<std::size_t>(columns[x].first)];
    Key key = merged[static_cast<std::size_t>(columns[x].last - 1)];
    for (std::size_t c = 0; c < least; ++c) key = std::max(key, first[c]);
    line[x] = static_cast<std::uint8_t>(key);
  }
}

/// Calls visit(first pixel row, one behind the last, levels by column) for runs of equal rows.
template <typename Visit>
void visit_lines(const HeatCells& cells, const std::vector<Cells>& rows,
                 const std::vector<Cells>& columns, Visit visit) {
  const Keys keys = keys_of_levels(cells.diverging);
  int most = 1;
  for (const Cells& c : columns) most = std::max(most, c.last - c.first);
  const auto least = static_cast<std::size_t>(std::max(most - 1, 1));
  std::vector<Key> merged;
  std::vector<std::uint8_t> line(columns.size());
  for (std::size_t y = 0; y < rows.size();) {
    std::size_t end = y + 1;
    while (end < rows.size() && rows[end] == rows[y]) ++end;
    merge_rows(cells, rows[y], least, keys, merged);
    fill_line(merged, columns, least, line);
    visit(static_cast<int>(y), static_cast<int>(end), line);
    y = end;
  }
}

void hatch(QRgb* pixels, const std::vector<std::uint8_t>& line, int y, QRgb ground, QRgb mark) {
  for (std::size_t x = 0; x < line.size(); ++x)
    if (line[x] == HeatCells::kMissing)
      pixels[x] = (static_cast<int>(x) + y) % kHatch == 0 ? mark : ground;
}

}  // namespace

QImage heat_image(const HeatCells& cells, const HeatColors& colors, const CellWindow& window,
                  QSize size, const Theme& theme) {
  QImage image(size, QImage::Format_RGB32);
  if (cells.levels.empty() || size.isEmpty()) return image;
  const auto columns = cells_of_pixels(window.column, window.columns, cells.columns, size.width());
  const auto rows = cells_of_pixels(window.row, window.rows, cells.rows, size.height());
  const QRgb ground = theme.background.rgb(), mark = theme.muted_text.rgb();
  visit_lines(cells, rows, columns, [&](int first, int last, const auto& line) {
    auto* pixels = reinterpret_cast<QRgb*>(image.scanLine(first));
    bool missing = false;
    for (std::size_t x = 0; x < line.size(); ++x) {
      if (line[x] == HeatCells::kMissing)
        missing = true;
      else
        pixels[x] = colors.color(line[x]);
    }
    for (int y = first; y < last; ++y) {
      auto* copy = reinterpret_cast<QRgb*>(image.scanLine(y));
      if (y > first) std::memcpy(copy, pixels, line.size() * sizeof(QRgb));
      if (missing) hatch(copy, line, y, ground, mark);
    }
  });
  return image;
}

void paint_heat_runs(QPainter& painter, const QRectF& plot, const HeatCells& cells,
                     const HeatColors& colors, const CellWindow& window, const Theme& theme) {
  if (cells.levels.empty() || plot.isEmpty()) return;
  // Edges of cells where there is room for them, else of points.
  const int width = std::max(1, static_cast<int>(std::min(window.columns, plot.width())));
  const int height = std::max(1, static_cast<int>(std::min(window.rows, plot.height())));
  const auto columns = cells_of_pixels(window.column, window.columns, cells.columns, width);
  const auto rows = cells_of_pixels(window.row, window.rows, cells.rows, height);
  const qreal dx = plot.width() / width, dy = plot.height() / height;
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  visit_lines(cells, rows, columns, [&](int first, int last, const auto& line) {
    for (std::size_t x = 0; x < line.size();) {
      std::size_t end = x + 1;
      while (end < line.size() && line[end] == line[x]) ++end;
      const QRectF rect(plot.left() + dx * static_cast<qreal>(x), plot.top() + dy * first,
                        dx * static_cast<qreal>(end - x), dy * (last - first));
      if (line[x] == HeatCells::kMissing)
        paint_filled(painter, rect, theme.background, Cue::Diagonal, theme);
      else
        painter.fillRect(rect, QColor(colors.color(line[x])));
      x = end;
    }
  });
  painter.restore();
}

}  // namespace moescope
