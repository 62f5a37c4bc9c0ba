#include "views/timeline/lanes/lane_picture.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/parallel.h"

namespace moescope {
namespace {

constexpr std::size_t kLanesPainted = 8;    // lanes a worker takes at once
constexpr int kLinesPerBlock = 64;          // lines of pixels likewise
constexpr int kPixelsForThreads = 500'000;  // fewer are done before a thread has started

int threads_for(int pixels) {
  return pixels < kPixelsForThreads ? 1 : 0;
}

/// Pixels that the visible part of a label may cover, in a picture `width` wide.
PixelRun extent(const LaneLabel& label, int width) {
  return {static_cast<int>(std::max(label.x0, 0.0)),
          static_cast<int>(std::ceil(std::min(label.x1, static_cast<double>(width))))};
}

}  // namespace

LanePicture::Look LanePicture::lookOf(const LaneRenderer& renderer, const LabelCache& labels) {
  const auto& canvas = renderer.canvas_;
  const auto& layout = renderer.content_->layout;
  Look look{canvas.size,
            canvas.dpr,
            renderer.min_label_,
            canvas.theme.dark,
            labels.font(),
            renderer.content_->looks,
            renderer.content_->found,
            canvas.ticks.step,
            layout.laneHeight(),
            layout.pinnedHeight(),
            {}};
  for (const auto& placed : layout.placed())
    look.rows.push_back(
        {placed.row->key, placed.y, placed.height, placed.row->lanes, placed.pinned});
  return look;
}

const QImage& LanePicture::update(LaneRenderer& renderer, LabelCache& labels) {
  renderer_ = &renderer;
  Look look = lookOf(renderer, labels);
  const bool same_look = look == look_;
  look_ = std::move(look);
  const QSize size(renderer.map_.width(), std::max(1, renderer.physical(look_.size.height())));
  if (image_.size() != size) image_ = QImage(size, QImage::Format_RGB32);
  image_.setDevicePixelRatio(look_.dpr);
  pixels_ = reinterpret_cast<QRgb*>(image_.bits());
  stride_ = image_.bytesPerLine() / static_cast<std::ptrdiff_t>(sizeof(QRgb));
  const PixelRun fresh = moveTo(renderer.map_, same_look);
  makeGrid();
  paintGround(fresh);
  std::vector<Name> names;
  paintLanes(fresh, names);
  QPainter painter(&image_);
  painter.setFont(labels.font());
  for (const auto& [lane, label] : names) renderer.drawLabel(painter, labels, *lane, *label);
  renderer.pictureIsUpToDate();
  return image_;
}

PixelRun LanePicture::moveTo(const PixelMap& map, bool same_look) {
  const auto by = same_look ? map.columnsFrom(map_) : std::nullopt;
  map_ = map;
  const int width = map.width();
  if (!by || std::abs(*by) >= width) return {0, width};
  if (*by == 0) return {};
  const auto left = static_cast<int>(std::max<std::int64_t>(*by, 0));
  const auto right = static_cast<int>(std::max<std::int64_t>(-*by, 0));
  const auto bytes = static_cast<std::size_t>(width - left - right) * sizeof(QRgb);
  const int height = image_.height();
  parallel_for(
      static_cast<std::size_t>((height + kLinesPerBlock - 1) / kLinesPerBlock),
      [&](std::size_t block) {
        const int begin = static_cast<int>(block) * kLinesPerBlock;
        for (int y = begin; y < std::min(begin + kLinesPerBlock, height); ++y)
          std::memmove(scanLine(y) + right, scanLine(y) + left, bytes);
      },
      threads_for(width * height));
  return freed_columns(static_cast<int>(*by), width);
}

void LanePicture::makeGrid() {
  const auto& canvas = renderer_->canvas_;
  const auto width = static_cast<std::size_t>(map_.width());
  grid_line_.assign(width, canvas.theme.background.rgb());
  header_line_.assign(width, canvas.theme.alternate.rgb());
  const TimeNs step = canvas.ticks.step;
  if (step <= 0) return;
  const int thickness = std::max(1, static_cast<int>(canvas.dpr));
  // A line may begin before the picture and reach into it.
  const TimeNs first = map_.time(-1.0 - thickness);
  TimeNs at = first - first % step;
  if (at < first) at += step;
  for (; map_.x(at) < map_.width(); at += step) {
    const auto x = static_cast<int>(std::floor(map_.x(at)));
    for (int i = std::max(x, 0); i < std::min(x + thickness, map_.width()); ++i)
      grid_line_[static_cast<std::size_t>(i)] = header_line_[static_cast<std::size_t>(i)] =
          canvas.theme.grid.rgb();
    if (at > std::numeric_limits<TimeNs>::max() - step) break;
  }
}

void LanePicture::fillRows(int y0, int y1, const std::vector<QRgb>& line, const PixelRun& columns) {
  const std::size_t bytes = static_cast<std::size_t>(columns.width()) * sizeof(QRgb);
  for (int y = std::max(y0, 0); y < std::min(y1, image_.height()); ++y)
    std::memcpy(scanLine(y) + columns.first, line.data() + columns.first, bytes);
}

void LanePicture::paintGround(const PixelRun& columns) {
  int bottom = 0;
  for (const auto& placed : renderer_->content_->layout.placed()) {
    if (!columns.empty()) paintRow(placed, columns);
    bottom = std::max(bottom, renderer_->physical(placed.y + placed.height));
    if (!placed.row->ribbon) continue;
    const auto it = renderer_->ribbons_.find(*placed.row->ribbon);
    if (it == renderer_->ribbons_.end()) continue;
    const PixelRun run = columns.hull(it->second.changed);
    if (run.empty()) continue;
    paintRow(placed, run);
    paintRibbon(placed, run);
  }
  if (!columns.empty()) fillRows(bottom, image_.height(), grid_line_, columns);
}

void LanePicture::paintRow(const PlacedRow& placed, const PixelRun& columns) {
  const auto& layout = renderer_->content_->layout;
  const auto physical = [&](int logical) { return renderer_->physical(logical); };
  const RowKind kind = placed.row->key.kind;
  const int top = physical(layout.top(placed)), bottom = physical(placed.y + placed.height);
  if (kind != RowKind::Track) {
    fillRows(top, bottom, placed.row->shaded() ? header_line_ : grid_line_, columns);
    return;
  }
  // Lanes are opaque: only the gaps below them show the ground.
  for (int lane = 0; lane < placed.row->lanes; ++lane) {
    const int y = layout.laneY(placed, lane);
    const bool last = lane + 1 == placed.row->lanes;
    fillRows(std::max(physical(y + layout.laneInk()), top),
             last ? bottom : physical(layout.laneY(placed, lane + 1)), grid_line_, columns);
  }
}

void LanePicture::paintLanes(const PixelRun& fresh, std::vector<Name>& names) {
  struct Part {
    const Lane* lane;
    std::vector<PixelRun> runs;
  };
  std::vector<Part> parts;
  int pixels = 0;
  for (const auto& lane : renderer_->lanes_) {
    const PixelRun changed = fresh.hull(lane.drawn->changed);
    if (changed.empty()) continue;
    Part part{&lane, {changed}};
    for (const auto& label : lane.drawn->cells.labels) {
      // A name is placed at the visible part of its span, so it moves when the span is clipped.
      const PixelRun columns = extent(label, map_.width());
      const bool cut = label.x0 < 0 || label.x1 > map_.width();
      if (!cut && !columns.touches(changed)) continue;
      if (columns.hull(changed) != changed) part.runs.push_back(columns);
      names.push_back({&lane, &label});
    }
    for (const auto& run : part.runs) pixels += run.width() * (lane.y1 - lane.y0);
    parts.push_back(std::move(part));
  }
  const std::size_t blocks = (parts.size() + kLanesPainted - 1) / kLanesPainted;
  parallel_for(
      blocks,
      [&](std::size_t block) {
        const std::size_t end = std::min(parts.size(), (block + 1) * kLanesPainted);
        for (std::size_t i = block * kLanesPainted; i < end; ++i)
          for (const auto& run : parts[i].runs) paintLane(*parts[i].lane, run);
      },
      threads_for(pixels));
}

void LanePicture::paintLane(const Lane& lane, const PixelRun& columns) {
  const LaneCells& cells = lane.drawn->cells;
  const LanePalette& palette = renderer_->palette_;
  const int y0 = std::max({lane.y0, lane.top, 0});
  if (!cells.any) {
    fillRows(y0, lane.y1, grid_line_, columns);
    return;
  }
  thread_local std::vector<QRgb> line;
  line.resize(grid_line_.size());
  for (auto i = static_cast<std::size_t>(columns.first); i < static_cast<std::size_t>(columns.last);
       ++i)
    line[i] = cells.level[i] != 0 ? palette.fill(cells.color[i], cells.level[i]) : grid_line_[i];
  fillRows(y0, lane.y1, line, columns);
  if (!cells.any_waits) return;
  const int scale = std::max(1, static_cast<int>(look_.dpr));
  // Hatch lines are anchored in time, like everything else that scrolls.
  const auto period = static_cast<std::int64_t>(hatch_period(scale));
  const auto phase = static_cast<int>((map_.gridColumn() % period + period) % period);
  for (int y = y0; y < std::min(lane.y1, image_.height()); ++y) {
    auto* out = scanLine(y);
    for (int x = columns.first; x < columns.last; ++x) {
      const auto i = static_cast<std::size_t>(x);
      if (cells.level[i] != 0 && (cells.color[i] & kCellWaits) && hatched(x + phase, y, scale))
        out[x] = palette.hatch(cells.color[i]);
    }
  }
}

void LanePicture::paintRibbon(const PlacedRow& placed, const PixelRun& columns) {
  const auto& canvas = renderer_->canvas_;
  const auto& shares = renderer_->ribbons_.at(*placed.row->ribbon).shares;
  const int gap = placed.height >= 8 ? renderer_->physical(2) : 0;
  const int y0 = renderer_->physical(placed.y) + gap,
            y1 = renderer_->physical(placed.y + placed.height) - gap;
  const auto height = static_cast<float>(y1 - y0);
  const QRgb compute = canvas.theme.ribbon_compute.rgb(), both = canvas.theme.ribbon_both.rgb(),
             exposed = canvas.theme.ribbon_exposed.rgb();
  const int top = std::max({y0, renderer_->physical(renderer_->content_->layout.top(placed)), 0});
  for (int y = top; y < std::min(y1, image_.height()); ++y) {
    auto* out = scanLine(y);
    const auto from_top = static_cast<float>(y - y0), from_bottom = static_cast<float>(y1 - 1 - y);
    for (int x = columns.first; x < columns.last; ++x) {
      const auto& s = shares[static_cast<std::size_t>(x)];
      // Exposed hangs from the top and always shows; compute stands on the bottom, both on it.
      if (s.exposed > 0 && from_top < std::max(1.0F, s.exposed * height))
        out[x] = exposed;
      else if (from_bottom < s.compute * height)
        out[x] = compute;
      else if (from_bottom < (s.compute + s.both) * height)
        out[x] = both;
    }
  }
}

}  // namespace moescope
