#include "views/timeline/lanes/lane_renderer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/parallel.h"
#include "views/timeline/lanes/lane_raster.h"

namespace moescope {
namespace {

constexpr double kSpansPerColumnExact = 2;  // up to this density spans are drawn, not summaries
constexpr std::size_t kLanesPerBlock = 8;   // lanes a worker takes at once
// Fewer columns than this are computed before a thread has started.
constexpr std::size_t kColumnsForThreads = 50'000;

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

/// One lane whose columns are to be computed, independent of the GUI thread's objects.
struct LaneRenderer::Job {
  LaneKey key;
  std::vector<BucketTilePtr> tiles;
  std::vector<LoadedChunkPtr> chunks;
  bool use_spans = false;
  bool complete = true;
  bool nothing_yet = false;  ///< show what was drawn before
  int pan = 0;               ///< columns to move what was drawn, to draw only what that leaves free
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
                     [](const Lane& lane) { return lane.drawn->cells.complete; });
}

void LaneRenderer::prepare(const LaneContent& content, const LaneCanvas& canvas, double min_label) {
  content_.emplace(content);
  if (min_label * canvas.dpr != min_label_ * canvas_.dpr) refresh();
  canvas_ = canvas;
  min_label_ = min_label;
  palette_ = LanePalette(canvas.theme);
  map_ = PixelMap::on_grid(canvas.range, std::max(1, physical(canvas.size.width())));
  lanes_.clear();
  content.source.beginFrame();
  std::vector<Job> jobs;
  for (const auto& placed : content.layout.placed())
    if (placed.row->key.kind == RowKind::Track) addTrackLanes(placed, jobs);
  run(jobs);
  prepareRibbons();
  forgetUnused();
}

int LaneRenderer::columnsToPan(const PixelMap& drawn) const {
  const auto by = map_.columnsFrom(drawn).value_or(0);
  return std::abs(by) < map_.width() ? static_cast<int>(by) : 0;
}

void LaneRenderer::pictureIsUpToDate() {
  for (const auto& lane : lanes_) lane.drawn->changed = {};
  for (auto& [key, drawn] : ribbons_) drawn.changed = {};
}

void LaneRenderer::prepareRibbons() {
  std::vector<std::pair<const Ribbon*, DrawnRibbon*>> jobs;
  for (auto& [key, drawn] : ribbons_) drawn.used = false;
  for (const auto& placed : content_->layout.placed()) {
    if (!placed.row->ribbon) continue;
    const auto it = content_->looks->ribbons.find(*placed.row->ribbon);
    if (it == content_->looks->ribbons.end()) continue;
    DrawnRibbon& drawn = ribbons_[it->first];
    drawn.used = true;
    if (drawn.shares.empty() || drawn.map != map_) jobs.emplace_back(&it->second, &drawn);
  }
  std::erase_if(ribbons_, [](const auto& entry) { return !entry.second.used; });
  const auto draw = [&](std::size_t i) {
    auto& [ribbon, drawn] = jobs[i];
    const int by = drawn->shares.empty() ? 0 : columnsToPan(drawn->map);
    drawn->map = map_;
    if (by == 0) {
      ribbon->columns(map_, drawn->shares);
      drawn->changed = allColumns();
      return;
    }
    const PixelRun free = freed_columns(by, map_.width());
    std::vector<RibbonShares> strip;
    ribbon->columns(map_.part(free), strip);
    pan_columns(drawn->shares, by, strip);
    drawn->changed = drawn->changed.moved(by, map_.width()).hull(free);
  };
  parallel_for(jobs.size(), draw, jobs.size() > 4 ? 0 : 1);
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
    lane.drawn = &drawn;
    lanes_.push_back(lane);
    // Requests of earlier frames are dropped: incomplete lanes request again.
    if (!drawn.stale && drawn.cells.complete && drawn.map == map_) continue;
    Job job;
    job.key = lane.key;
    job.drawn = &drawn;
    fetch(job, density, chunks);
    const bool same_way = !drawn.stale && drawn.cells.complete && job.complete &&
                          !job.nothing_yet && drawn.spans == job.use_spans;
    if (same_way) job.pan = columnsToPan(drawn.map);
    jobs.push_back(std::move(job));
  }
}

/// Collects what is loaded for one lane; the rest is requested.
void LaneRenderer::fetch(Job& job, double density, TrackChunks& chunks) {
  auto& source = content_->source;
  const auto [track, depth] = job.key;
  const TrackShape* shape = source.shape(track);
  const bool in_memory = source.trace()->in_memory();
  const int finest = shape ? shape->finestShift(depth) : 63;
  const bool wants_spans =
      density <= kSpansPerColumnExact || (shape && !shape->suffices(depth, map_.nsPerPixel()));
  if (wants_spans || (!shape && in_memory)) {
    if (!chunks.asked) chunks.list = source.chunks(track, map_.window(), &chunks.complete);
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
    job.tiles = source.tiles(track, depth, map_.window(),
                             std::max(shift_for(map_.nsPerPixel()), finest), &tiles_complete);
  job.complete &= tiles_complete;
  job.nothing_yet = !tiles_complete && job.drawn->map.width() > 1;
}

void LaneRenderer::rasterise(const Job& job, const PixelMap& map, LaneCells& cells) const {
  thread_local CellAccumulator accumulator;
  const LaneColors colors(content_->looks->classes, content_->found.get(), job.key.track,
                          job.key.depth);
  if (job.use_spans)
    rasterise_spans(job.chunks, job.key.depth, map, colors, min_label_ * canvas_.dpr, accumulator,
                    cells);
  else
    rasterise_buckets(job.tiles, map, colors, accumulator, cells);
}

void LaneRenderer::run(std::vector<Job>& jobs) {
  const auto draw = [&](const Job& job) {
    Drawn& drawn = *job.drawn;
    PixelRun fresh = allColumns();
    if (job.nothing_yet) {
      LaneCells stretched;
      stretch_cells(drawn.cells, drawn.map, map_, stretched);
      drawn.cells = std::move(stretched);
    } else if (job.pan != 0) {
      thread_local LaneCells strip;
      fresh = freed_columns(job.pan, map_.width());
      rasterise(job, map_.part(fresh), strip);
      pan_cells(drawn.cells, job.pan, strip);
      fresh = fresh.hull(drawn.changed.moved(job.pan, map_.width()));
    } else {
      rasterise(job, map_, drawn.cells);
    }
    drawn.cells.complete = job.complete;
    drawn.spans = job.use_spans;
    drawn.map = map_;
    drawn.stale = false;
    drawn.changed = fresh;
  };
  std::size_t columns = 0;
  for (const auto& job : jobs)
    columns += static_cast<std::size_t>(job.pan != 0 ? std::abs(job.pan) : map_.width());
  const std::size_t blocks = (jobs.size() + kLanesPerBlock - 1) / kLanesPerBlock;
  parallel_for(
      blocks,
      [&](std::size_t block) {
        const std::size_t end = std::min(jobs.size(), (block + 1) * kLanesPerBlock);
        for (std::size_t i = block * kLanesPerBlock; i < end; ++i) draw(jobs[i]);
      },
      columns < kColumnsForThreads ? 1 : 0);
}

std::set<CellColor> LaneRenderer::colorsInUse() const {
  std::set<CellColor> result;
  for (const auto& lane : lanes_) {
    const LaneCells& cells = lane.drawn->cells;
    for (std::size_t i = 0; i < cells.level.size(); ++i)
      if (cells.level[i] != 0)
        result.insert(static_cast<CellColor>(cells.color[i] & ~(kCellEdge | kCellDim)));
  }
  return result;
}

std::optional<PixelRun> LaneRenderer::visibleLabel(const LaneLabel& label) const {
  const double left = std::max(label.x0, 0.0);
  const double right = std::min(label.x1, static_cast<double>(map_.width()));
  if (right - left < min_label_ * canvas_.dpr) return std::nullopt;
  return PixelRun{static_cast<int>(left), static_cast<int>(right)};
}

void LaneRenderer::drawLabels(QPainter& painter, LabelCache& cache) {
  for (const auto& lane : lanes_)
    for (const auto& label : lane.drawn->cells.labels) drawLabel(painter, cache, lane, label);
}

void LaneRenderer::drawLabel(QPainter& painter, LabelCache& cache, const Lane& lane,
                             const LaneLabel& label) {
  const auto columns = visibleLabel(label);
  const double ink = content_->layout.laneInk();
  if (!columns || ink < QFontMetricsF(cache.font()).ascent() + 1) return;
  const double y = content_->layout.laneY(*lane.placed, lane.key.depth);
  const double top = lane.top / canvas_.dpr;
  const bool cut = y < top || ink < QFontMetricsF(cache.font()).height() + 2;
  if (cut) {  // by pinned rows; and no letter reaches into the next lane
    painter.save();
    painter.setClipRect(
        QRectF(0, std::max(y, top), canvas_.size.width(), y + ink - std::max(y, top)),
        Qt::IntersectClip);
  }
  painter.setPen(label.color & kCellDim
                     ? canvas_.theme.muted_text
                     : Theme::text_on(QColor(palette_.fill(label.color, kFullLevel))));
  cache.draw(painter, content_->source.trace()->strings(), label.name,
             {columns->first / canvas_.dpr, y, columns->width() / canvas_.dpr, ink});
  if (cut) painter.restore();
}

}  // namespace moescope
