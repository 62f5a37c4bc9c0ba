#include "views/timeline/lane_renderer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/parallel.h"
#include "views/timeline/lane_raster.h"

namespace moescope {
namespace {

constexpr double kSpansPerColumnExact = 2;  // up to this density spans are drawn, not summaries
constexpr std::size_t kLanesPerBlock = 8;   // lanes a worker takes at once

/// Spans of `track` in `window`, estimated from the chunk list.
double estimated_spans(const Trace& trace, TrackId track, TimeRange window) {
  const auto& infos = trace.chunk_infos(track);
  auto it = std::partition_point(infos.begin(), infos.end(), [&](const ChunkInfo& info) {
    return info.last_start < window.begin;
  });
  double sum = 0;
  for (; it != infos.end() && it->first_start < window.end; ++it) {
    const auto between = [](TimeNs from, TimeNs to) {
      return static_cast<double>(PixelMap::difference(to, from)) + 1;
    };
    const double length = between(it->first_start, it->last_start);
    const double inside =
        between(std::max(it->first_start, window.begin), std::min(it->last_start, window.end));
    sum += it->count * std::clamp(inside / length, 0.0, 1.0);
    if (sum > 1e6) break;
  }
  return sum;
}

}  // namespace

/// One lane whose columns are to be worked out, away from the GUI thread's objects.
struct LaneRenderer::Job {
  LaneKey key;
  std::vector<BucketTilePtr> tiles;
  std::vector<LoadedChunkPtr> chunks;
  bool use_spans = false;
  bool complete = true;
  bool nothing_yet = false;  ///< show what was drawn before
  Drawn* drawn = nullptr;
};

int LaneRenderer::physical(int logical) const {
  return static_cast<int>(std::lround(logical * canvas_.dpr));
}

void LaneRenderer::invalidate(bool all) {
  if (all) {
    cache_.clear();
    ribbons_.clear();
  } else {
    for (auto& [key, drawn] : cache_) drawn.stale |= !drawn.cells.complete;
  }
}

void LaneRenderer::refresh() {
  for (auto& [key, drawn] : cache_) drawn.stale = true;
}

bool LaneRenderer::complete() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const Lane& lane) { return lane.cells->complete; });
}

void LaneRenderer::prepare(const LaneContent& content, const LaneCanvas& canvas, double min_label) {
  content_.emplace(content);
  const bool same_time = canvas.range == canvas_.range &&
                         canvas.size.width() == canvas_.size.width() && canvas.dpr == canvas_.dpr &&
                         min_label == min_label_;
  canvas_ = canvas;
  min_label_ = min_label;
  palette_ = LanePalette(canvas.theme);
  map_ = PixelMap(canvas.range, std::max(1, physical(canvas.size.width())));
  if (!same_time)
    for (auto& [key, drawn] : cache_) drawn.stale = true;
  lanes_.clear();
  content.source.beginFrame();
  std::vector<Job> jobs;
  for (const auto& placed : content.layout.placed())
    if (placed.row->key.kind == RowKind::Track) addTrackLanes(placed, jobs);
  run(jobs);
  prepareRibbons();
  forgetUnused();
}

void LaneRenderer::prepareRibbons() {
  std::vector<std::pair<const Ribbon*, DrawnRibbon*>> jobs;
  for (auto& [key, drawn] : ribbons_) drawn.used = false;
  for (const auto& placed : content_->layout.placed()) {
    if (placed.row->key.kind != RowKind::Ribbon) continue;
    const DeviceKey key{placed.row->key.process, placed.row->key.device};
    const auto it = content_->looks->ribbons.find(key);
    if (it == content_->looks->ribbons.end()) continue;
    DrawnRibbon& drawn = ribbons_[key];
    drawn.used = true;
    if (drawn.shares.empty() || drawn.map != map_) jobs.emplace_back(&it->second, &drawn);
  }
  std::erase_if(ribbons_, [](const auto& entry) { return !entry.second.used; });
  parallel_for(jobs.size(), [&](std::size_t i) {
    jobs[i].first->columns(map_, jobs[i].second->shares);
    jobs[i].second->map = map_;
  });
}

void LaneRenderer::forgetUnused() {
  constexpr std::size_t kSpareLanes = 512;
  if (cache_.size() <= 2 * lanes_.size() + kSpareLanes) return;
  std::set<LaneKey> used;
  for (const auto& lane : lanes_) used.insert(lane.key);
  std::erase_if(cache_, [&](const auto& entry) { return !used.contains(entry.first); });
}

void LaneRenderer::addTrackLanes(const PlacedRow& placed, std::vector<Job>& jobs) {
  const auto& layout = content_->layout;
  const TrackId track = placed.row->key.track;
  const double density =
      estimated_spans(*content_->source.trace(), track, canvas_.range) / map_.width();
  TrackChunks chunks;
  for (int depth = 0; depth < placed.row->lanes; ++depth) {
    Lane lane{{track, depth}, &placed, nullptr, 0, 0, 0};
    const int y = layout.laneY(placed, depth);
    if (y >= layout.height() || y + layout.laneInk() <= layout.top(placed)) continue;
    lane.y0 = physical(y);
    lane.y1 = physical(y + layout.laneInk());
    lane.top = physical(layout.top(placed));
    Drawn& drawn = cache_[lane.key];
    lane.cells = &drawn.cells;
    lanes_.push_back(lane);
    // A frame forgets what earlier ones asked for and did not get: incomplete lanes ask again.
    if (!drawn.stale && drawn.cells.complete) continue;
    Job job;
    job.key = lane.key;
    job.drawn = &drawn;
    fetch(job, density, chunks);
    jobs.push_back(std::move(job));
  }
}

/// Gathers what is at hand for one lane; the rest is requested.
void LaneRenderer::fetch(Job& job, double density, TrackChunks& chunks) {
  auto& source = content_->source;
  const auto [track, depth] = job.key;
  const TrackShape* shape = source.shape(track);
  const bool in_memory = source.trace()->in_memory();
  const int finest = shape ? shape->finestShift(depth) : 63;
  const bool wants_spans =
      density <= kSpansPerColumnExact || (shape && !shape->suffices(depth, map_.nsPerPixel()));
  if (wants_spans || (!shape && in_memory)) {
    if (!chunks.asked) chunks.list = source.chunks(track, canvas_.range, &chunks.complete);
    chunks.asked = true;
    if (chunks.complete) {
      job.chunks = chunks.list;
      job.use_spans = true;
      job.complete = wants_spans || shape;
      return;
    }
    job.complete = false;
  }
  bool tiles_complete = false;
  if (shape && finest < 63)
    job.tiles = source.tiles(track, depth, canvas_.range,
                             std::max(shift_for(map_.nsPerPixel()), finest), &tiles_complete);
  job.complete &= tiles_complete;
  job.nothing_yet = !tiles_complete && job.drawn->map.width() > 1;
}

void LaneRenderer::run(std::vector<Job>& jobs) {
  const auto draw = [&](Job& job) {
    thread_local CellAccumulator accumulator;
    Drawn& drawn = *job.drawn;
    const auto& classes = content_->looks->classes;
    if (job.nothing_yet) {
      LaneCells stretched;
      stretch_cells(drawn.cells, drawn.map, map_, stretched);
      drawn.cells = std::move(stretched);
    } else if (job.use_spans) {
      rasterise_spans(job.chunks, job.key.depth, map_, classes, min_label_ * canvas_.dpr,
                      accumulator, drawn.cells);
    } else {
      rasterise_buckets(job.tiles, map_, classes, accumulator, drawn.cells);
    }
    drawn.cells.complete = job.complete;
    drawn.map = map_;
    drawn.stale = false;
  };
  const std::size_t blocks = (jobs.size() + kLanesPerBlock - 1) / kLanesPerBlock;
  parallel_for(blocks, [&](std::size_t block) {
    const std::size_t end = std::min(jobs.size(), (block + 1) * kLanesPerBlock);
    for (std::size_t i = block * kLanesPerBlock; i < end; ++i) draw(jobs[i]);
  });
}

void LaneRenderer::makeGrid() {
  const auto width = static_cast<std::size_t>(map_.width());
  grid_line_.assign(width, canvas_.theme.background.rgb());
  header_line_.assign(width, canvas_.theme.alternate.rgb());
  const int thickness = std::max(1, static_cast<int>(canvas_.dpr));
  for (const auto& tick : canvas_.ticks.ticks) {
    const auto x = static_cast<int>(std::floor(map_.x(tick.time)));
    for (int i = std::max(x, 0); i < std::min(x + thickness, map_.width()); ++i)
      grid_line_[static_cast<std::size_t>(i)] = header_line_[static_cast<std::size_t>(i)] =
          canvas_.theme.grid.rgb();
  }
}

void LaneRenderer::fillRows(int y0, int y1, const std::vector<QRgb>& line) {
  const std::size_t bytes = line.size() * sizeof(QRgb);
  for (int y = std::max(y0, 0); y < std::min(y1, image_.height()); ++y)
    std::memcpy(scanLine(y), line.data(), bytes);
}

void LaneRenderer::paintGround(const PlacedRow& placed) {
  const auto& layout = content_->layout;
  const RowKind kind = placed.row->key.kind;
  const int top = physical(layout.top(placed)), bottom = physical(placed.y + placed.height);
  if (kind != RowKind::Track) {
    const bool header = kind == RowKind::Process || kind == RowKind::Threads;
    fillRows(top, bottom, header ? header_line_ : grid_line_);
    return;
  }
  // Lanes are opaque: only the gaps below them show the ground.
  for (int lane = 0; lane < placed.row->lanes; ++lane) {
    const int y = layout.laneY(placed, lane);
    const bool last = lane + 1 == placed.row->lanes;
    fillRows(std::max(physical(y + layout.laneInk()), top),
             last ? bottom : physical(layout.laneY(placed, lane + 1)), grid_line_);
  }
}

QImage& LaneRenderer::image() {
  const QSize size(map_.width(), std::max(1, physical(canvas_.size.height())));
  if (image_.size() != size) image_ = QImage(size, QImage::Format_RGB32);
  image_.setDevicePixelRatio(canvas_.dpr);
  pixels_ = reinterpret_cast<QRgb*>(image_.bits());
  stride_ = image_.bytesPerLine() / static_cast<std::ptrdiff_t>(sizeof(QRgb));
  makeGrid();
  int bottom = 0;
  for (const auto& placed : content_->layout.placed()) {
    paintGround(placed);
    bottom = std::max(bottom, physical(placed.y + placed.height));
    if (placed.row->key.kind == RowKind::Ribbon) paintRibbon(placed);
  }
  fillRows(bottom, image_.height(), grid_line_);
  const std::size_t blocks = (lanes_.size() + kLanesPerBlock - 1) / kLanesPerBlock;
  parallel_for(blocks, [&](std::size_t block) {
    const std::size_t end = std::min(lanes_.size(), (block + 1) * kLanesPerBlock);
    for (std::size_t i = block * kLanesPerBlock; i < end; ++i) paintLane(lanes_[i]);
  });
  return image_;
}

void LaneRenderer::paintLane(const Lane& lane) {
  const LaneCells& cells = *lane.cells;
  if (!cells.any) {
    fillRows(std::max({lane.y0, lane.top, 0}), lane.y1, grid_line_);
    return;
  }
  thread_local std::vector<QRgb> line;
  line = grid_line_;
  for (std::size_t i = 0; i < line.size(); ++i)
    if (cells.level[i] != 0) line[i] = palette_.fill(cells.color[i], cells.level[i]);
  const int y0 = std::max({lane.y0, lane.top, 0});
  fillRows(y0, lane.y1, line);
  if (!cells.any_waits) return;
  const int scale = std::max(1, static_cast<int>(canvas_.dpr));
  for (int y = y0; y < std::min(lane.y1, image_.height()); ++y) {
    auto* out = scanLine(y);
    for (int x = 0; x < map_.width(); ++x) {
      const auto i = static_cast<std::size_t>(x);
      if (cells.level[i] != 0 && (cells.color[i] & kCellWaits) && hatched(x, y, scale))
        out[x] = palette_.hatch(cells.color[i]);
    }
  }
}

void LaneRenderer::paintRibbon(const PlacedRow& placed) {
  const auto it = ribbons_.find({placed.row->key.process, placed.row->key.device});
  if (it == ribbons_.end()) return;
  const auto& shares = it->second.shares;
  const int gap = placed.height >= 8 ? physical(2) : 0;
  const int y0 = physical(placed.y) + gap, y1 = physical(placed.y + placed.height) - gap;
  const auto height = static_cast<float>(y1 - y0);
  const QRgb compute = canvas_.theme.ribbon_compute.rgb(), both = canvas_.theme.ribbon_both.rgb(),
             exposed = canvas_.theme.ribbon_exposed.rgb();
  const int top = std::max({y0, physical(content_->layout.top(placed)), 0});
  for (int y = top; y < std::min(y1, image_.height()); ++y) {
    auto* out = scanLine(y);
    const auto from_top = static_cast<float>(y - y0), from_bottom = static_cast<float>(y1 - 1 - y);
    for (std::size_t x = 0; x < shares.size(); ++x) {
      const auto& s = shares[x];
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

std::set<CellColor> LaneRenderer::colorsInUse() const {
  std::set<CellColor> result;
  for (const auto& lane : lanes_)
    for (std::size_t i = 0; i < lane.cells->level.size(); ++i)
      if (lane.cells->level[i] != 0)
        result.insert(static_cast<CellColor>(lane.cells->color[i] & ~kCellEdge));
  return result;
}

void LaneRenderer::drawLabels(QPainter& painter, LabelCache& cache) {
  const auto& layout = content_->layout;
  const double ink = layout.laneInk();
  if (ink < QFontMetricsF(cache.font()).ascent() + 1) return;
  painter.save();
  painter.setFont(cache.font());
  const auto& strings = content_->source.trace()->strings();
  const QRect below(0, layout.pinnedHeight(), canvas_.size.width(),
                    layout.height() - layout.pinnedHeight());
  for (const bool pinned : {true, false}) {
    if (!pinned) painter.setClipRect(below, Qt::IntersectClip);
    for (const auto& lane : lanes_) {
      if (lane.placed->pinned != pinned) continue;
      const double y = layout.laneY(*lane.placed, lane.key.depth);
      for (const auto& label : lane.cells->labels) {
        const QRgb ground = palette_.fill(label.color, kFullLevel);
        painter.setPen(Theme::text_on(QColor(ground)));
        cache.draw(painter, strings, label.name,
                   {label.x0 / canvas_.dpr, y, (label.x1 - label.x0) / canvas_.dpr, ink});
      }
    }
  }
  painter.restore();
}

}  // namespace moescope
