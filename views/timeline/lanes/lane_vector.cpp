// The vector form of the lanes: one rectangle for each run of equal columns.
#include <cmath>

#include "views/timeline/lanes/lane_renderer.h"

namespace moescope {
namespace {

constexpr int kRibbonSteps = 20;  // heights of ribbon parts are rounded to these, to merge columns

struct RibbonLook {
  int exposed = 0, compute = 0, both = 0;
  friend bool operator==(const RibbonLook&, const RibbonLook&) = default;
};

RibbonLook look_of(const RibbonShares& shares) {
  const auto steps = [](float share) {
    return static_cast<int>(std::lround(share * kRibbonSteps));
  };
  RibbonLook look{steps(shares.exposed), steps(shares.compute), steps(shares.both)};
  if (shares.exposed > 0 && look.exposed == 0) look.exposed = 1;
  return look;
}

void draw_ribbon(QPainter& painter, const std::vector<RibbonShares>& shares, double y,
                 double height, double dpr, const Theme& theme) {
  const double step = height / kRibbonSteps;
  for (std::size_t x = 0; x < shares.size();) {
    const auto look = look_of(shares[x]);
    std::size_t end = x + 1;
    while (end < shares.size() && look_of(shares[end]) == look) ++end;
    const double left = static_cast<double>(x) / dpr, width = static_cast<double>(end - x) / dpr;
    const auto part = [&](double top, int steps, const QColor& color) {
      if (steps > 0) painter.fillRect(QRectF(left, top, width, steps * step), color);
    };
    part(y + height - look.compute * step, look.compute, theme.ribbon_compute);
    part(y + height - (look.compute + look.both) * step, look.both, theme.ribbon_both);
    part(y, look.exposed, theme.ribbon_exposed);
    x = end;
  }
}

}  // namespace

void LaneRenderer::drawVector(QPainter& painter) {
  const auto& layout = content_->layout;
  const auto& theme = canvas_.theme;
  painter.save();
  painter.setClipRect(QRectF(QPointF(0, 0), QSizeF(canvas_.size)), Qt::IntersectClip);
  painter.fillRect(QRectF(QPointF(0, 0), QSizeF(canvas_.size)), theme.background);
  for (const auto& placed : layout.placed())
    if (placed.row->shaded())
      painter.fillRect(QRectF(0, layout.top(placed), canvas_.size.width(),
                              placed.y + placed.height - layout.top(placed)),
                       theme.alternate);
  painter.setPen(QPen(theme.grid, 1));
  for (const auto& tick : canvas_.ticks.ticks) {
    const double x = map_.x(tick.time) / canvas_.dpr;
    painter.drawLine(QPointF(x, 0), QPointF(x, canvas_.size.height()));
  }
  for (const auto& placed : layout.placed()) {
    if (!placed.row->ribbon) continue;
    const auto it = ribbons_.find(*placed.row->ribbon);
    if (it == ribbons_.end()) continue;
    draw_ribbon(painter, it->second.shares, placed.y + 2, placed.height - 4, canvas_.dpr, theme);
  }
  for (const auto& lane : lanes_) {
    const double y = layout.laneY(*lane.placed, lane.key.depth);
    for (const auto& run : cell_runs(lane.drawn->cells)) {
      const QRectF rect(run.columns.first / canvas_.dpr, y, run.columns.width() / canvas_.dpr,
                        layout.laneInk());
      painter.fillRect(rect, QColor(palette_.fill(run.color, run.level)));
      if (run.color & kCellWaits)
        painter.fillRect(rect, QBrush(QColor(palette_.hatch(run.color)), Qt::BDiagPattern));
    }
  }
  painter.restore();
}

}  // namespace moescope
