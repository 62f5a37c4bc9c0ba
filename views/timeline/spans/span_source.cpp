#include "views/timeline/spans/span_source.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "core/parallel.h"

namespace moescope {
namespace {
constexpr std::size_t kCacheBytes = std::size_t{192}
                                    << 20;  // a frame that needs more keeps its own
constexpr std::size_t kBytesPerSpan = 34;   // columns and rows by depth
constexpr int kArrivalMs = 15;              // minimum interval of frames while loading
}  // namespace

std::size_t SpanSource::PieceHash::operator()(const Piece& piece) const {
  std::uint64_t h = piece.track;
  h = h << 14 ^ std::uint64_t{piece.depth} << 7 ^ piece.shift ^ (piece.tile ? 1ULL << 60 : 0);
  h ^= static_cast<std::uint64_t>(piece.index) * 0x9E3779B97F4A7C15ULL;
  return std::hash<std::uint64_t>()(h * 0xBF58476D1CE4E5B9ULL >> 7);
}

/// Filled by workers, emptied on the GUI thread.
struct SpanSource::Inbox {
  mutable std::mutex mutex;
  SpanSource* owner = nullptr;  ///< null once the trace changed
  bool collect_queued = false;
  std::deque<Piece> wanted;
  std::set<Piece> loading;
  int loaders = 0, tasks = 0;
  std::vector<std::pair<TrackId, TrackShape>> shapes;
  std::vector<std::pair<Piece, Loaded>> pieces;
  std::vector<Piece> broken;
  std::vector<std::function<void()>> calls;
  QString failure;

  /// With the lock held: asks the owner to empty the inbox, once for many results.
  void queueCollect() {
    if (!owner || collect_queued) return;
    collect_queued = true;
    QMetaObject::invokeMethod(
        owner, [source = owner] { source->collect(); }, Qt::QueuedConnection);
  }
  void fail(const char* what) {
    if (failure.isEmpty()) failure = QString::fromUtf8(what);
  }
  bool stopped() {
    std::lock_guard lock(mutex);
    return owner == nullptr;
  }
  bool busy() const { return !wanted.empty() || !loading.empty() || tasks > 0; }
};

SpanSource::SpanSource(QObject* parent) : QObject(parent) {
  arrival_.setSingleShot(true);
  connect(&arrival_, &QTimer::timeout, this, &SpanSource::arrived);
}

SpanSource::~SpanSource() {
  stop();
}

void SpanSource::stop() {
  if (inbox_) {
    std::lock_guard lock(inbox_->mutex);
    inbox_->owner = nullptr;
    inbox_->wanted.clear();
  }
  pieces_work_.clear();
  queries_.clear();
  arrival_.stop();
  // Workers finish the piece or track in hand; they hold the trace and the inbox themselves, so
  // only destruction waits for them.
  inbox_.reset();
}

void SpanSource::setTrace(TracePtr trace, const std::vector<TrackId>& order) {
  stop();
  trace_ = std::move(trace);
  pieces_.clear();
  bytes_ = 0;
  broken_.clear();
  failure_reported_ = false;
  shapes_.assign(trace_ ? trace_->tracks().size() : 0, std::nullopt);
  missing_shapes_ = order.size();
  inbox_ = std::make_shared<Inbox>();
  inbox_->owner = this;
  if (trace_) startShapes(order);
}

bool SpanSource::changedByGrowth(const Piece& piece, const Trace& before, const Trace& after) {
  if (before.span_count(piece.track) == after.span_count(piece.track)) return false;
  const auto& old_infos = before.chunk_infos(piece.track);
  const auto& new_infos = after.chunk_infos(piece.track);
  // New spans start at the last known start or later: what ends before stays as it is.
  if (piece.tile)
    return old_infos.empty() ||
           tile_range(piece.shift, piece.index).end > old_infos.back().last_start;
  const auto chunk = static_cast<std::size_t>(piece.index);
  return chunk >= old_infos.size() || chunk >= new_infos.size() ||
         old_infos[chunk].count != new_infos[chunk].count;
}

void SpanSource::growTrace(TracePtr trace, const std::vector<TrackId>& order) {
  const bool summarised = std::all_of(order.begin(), order.end(),
                                      [&](TrackId track) { return trace->summarised(track); });
  if (!trace_ || !trace_->in_memory() || !trace->in_memory() || !summarised) {
    setTrace(std::move(trace), order);
    return;
  }
  stop();
  const TracePtr before = std::exchange(trace_, std::move(trace));
  inbox_ = std::make_shared<Inbox>();
  inbox_->owner = this;
  shapes_.resize(trace_->tracks().size());
  missing_shapes_ = 0;
  for (const TrackId track : order) {
    const bool known = shapes_[track] && track < before->tracks().size() &&
                       before->span_count(track) == trace_->span_count(track);
    if (!known) shapes_[track] = read_shape(*trace_, track);
  }
  std::erase_if(pieces_, [&](const auto& entry) {
    const bool drop = entry.first.track >= before->tracks().size() ||
                      changedByGrowth(entry.first, *before, *trace_);
    if (drop) bytes_ -= entry.second.bytes;
    return drop;
  });
  std::erase_if(broken_, [&](const Piece& piece) {
    return piece.track >= before->tracks().size() || changedByGrowth(piece, *before, *trace_);
  });
}

void SpanSource::startShapes(const std::vector<TrackId>& order) {
  auto next = std::make_shared<std::atomic<std::size_t>>(0);
  for (int i = 0; i < hardware_threads(); ++i) {
    pieces_work_.run([next, order, trace = trace_, inbox = inbox_] {
      for (std::size_t at = (*next)++; at < order.size() && !inbox->stopped(); at = (*next)++) {
        TrackShape shape{1, {}};  // of a damaged track: spans, should they be readable
        std::string failure;
        try {
          shape = read_shape(*trace, order[at]);
        } catch (const std::exception& error) {
          failure = error.what();
        }
        std::lock_guard lock(inbox->mutex);
        if (!failure.empty()) inbox->fail(failure.c_str());
        inbox->shapes.emplace_back(order[at], std::move(shape));
        inbox->queueCollect();
      }
    });
  }
}

const TrackShape* SpanSource::shape(TrackId track) const {
  return track < shapes_.size() && shapes_[track] ? &*shapes_[track] : nullptr;
}

bool SpanSource::loading() const {
  if (!trace_ || !inbox_) return false;
  if (!prepared() || arrival_.isActive()) return true;
  std::lock_guard lock(inbox_->mutex);
  return inbox_->busy() || inbox_->collect_queued;
}

void SpanSource::beginFrame() {
  ++frame_;
  evict();
  if (!inbox_) return;
  std::lock_guard lock(inbox_->mutex);
  inbox_->wanted.clear();
}

void SpanSource::setBlocking(bool blocking) {
  blocking_ = blocking;
  if (!blocking || !trace_) return;
  for (TrackId track = 0; track < shapes_.size(); ++track) {
    if (shapes_[track] || trace_->span_count(track) == 0) continue;
    shapes_[track] = read_shape(*trace_, track);
    if (missing_shapes_ > 0) --missing_shapes_;
  }
}

std::vector<BucketTilePtr> SpanSource::tiles(TrackId track, int depth, TimeRange window, int shift,
                                             bool* complete) {
  std::vector<BucketTilePtr> result;
  *complete = true;
  if (!trace_ || window.empty() || window.end <= 0) return result;
  const int bits = tile_shift(shift);
  const std::int64_t last = (std::min(window.end, trace_->range().end + 1) - 1) >> bits;
  for (std::int64_t i = std::max<TimeNs>(window.begin, 0) >> bits; i <= last; ++i) {
    if (const auto* loaded = at(
            {track, true, static_cast<std::uint8_t>(depth), static_cast<std::uint8_t>(shift), i}))
      result.push_back(loaded->tile);
    else
      *complete = false;
  }
  return result;
}

std::vector<LoadedChunkPtr> SpanSource::chunks(TrackId track, TimeRange window, bool* complete) {
  std::vector<LoadedChunkPtr> result;
  *complete = true;
  if (!trace_) return result;
  const auto& infos = trace_->chunk_infos(track);
  auto it = std::partition_point(infos.begin(), infos.end(), [&](const ChunkInfo& info) {
    return info.max_end_so_far < window.begin;
  });
  for (; it != infos.end() && it->first_start < window.end; ++it) {
    if (it->last_end < window.begin) continue;
    if (const auto* loaded = at({track, false, 0, 0, it - infos.begin()}))
      result.push_back(loaded->chunk);
    else
      *complete = false;
  }
  return result;
}

std::optional<Span> SpanSource::span(SpanRef ref) {
  if (!trace_ || ref.track >= trace_->tracks().size()) return {};
  const auto& infos = trace_->chunk_infos(ref.track);
  auto it = std::upper_bound(
      infos.begin(), infos.end(), ref.index,
      [](std::uint32_t index, const ChunkInfo& c) { return index < c.first_index; });
  if (it == infos.begin() || ref.index - (--it)->first_index >= it->count) return {};
  const auto found = pieces_.find({ref.track, false, 0, 0, it - infos.begin()});
  if (found == pieces_.end()) return {};
  return found->second.chunk->columns().at(ref.index - it->first_index);
}

SpanSource::Loaded SpanSource::load(const Trace& trace, const Piece& piece) {
  Loaded loaded;
  if (piece.tile) {
    loaded.tile = read_tile(trace, piece.track, piece.depth, piece.shift, piece.index);
    loaded.bytes = sizeof(BucketTile) + loaded.tile->buckets.size() * sizeof(DrawBucket);
    return loaded;
  }
  const auto index = static_cast<std::size_t>(piece.index);
  loaded.chunk = std::make_shared<const LoadedChunk>(
      trace.chunk(piece.track, index), trace.chunk_infos(piece.track)[index].first_index);
  loaded.bytes = loaded.chunk->columns().size() * kBytesPerSpan;
  return loaded;
}

const SpanSource::Loaded* SpanSource::at(const Piece& piece) {
  if (const auto it = pieces_.find(piece); it != pieces_.end()) {
    it->second.frame = frame_;
    return &it->second;
  }
  // The summary of a track in memory is there once its shape is.
  const bool at_once = blocking_ || (trace_->in_memory() && (!piece.tile || shape(piece.track)));
  if (!at_once) {
    request(piece);
    return nullptr;
  }
  if (broken_.contains(piece)) return nullptr;
  try {
    return keep(piece, load(*trace_, piece));
  } catch (const std::exception& error) {
    broken_.insert(piece);
    if (blocking_) throw;  // a picture in a file must not be silently incomplete
    reportFailure(QString::fromUtf8(error.what()));
    return nullptr;
  }
}

const SpanSource::Loaded* SpanSource::keep(const Piece& piece, Loaded loaded) {
  loaded.frame = frame_;
  bytes_ += loaded.bytes;
  const auto [it, added] = pieces_.insert_or_assign(piece, std::move(loaded));
  return &it->second;
}

void SpanSource::request(const Piece& piece) {
  if (broken_.contains(piece)) return;
  std::lock_guard lock(inbox_->mutex);
  if (inbox_->loading.contains(piece) ||
      (!inbox_->wanted.empty() && inbox_->wanted.back() == piece))
    return;
  inbox_->wanted.push_back(piece);
  if (inbox_->loaders >= hardware_threads()) return;
  ++inbox_->loaders;
  pieces_work_.run([trace = trace_, inbox = inbox_] {
    std::unique_lock lock2(inbox->mutex);
    while (!inbox->wanted.empty() && inbox->owner) {
      const Piece next = inbox->wanted.front();
      inbox->wanted.pop_front();
      if (!inbox->loading.insert(next).second) continue;
      lock2.unlock();
      Loaded loaded;
      std::string failure;
      try {
        loaded = load(*trace, next);
      } catch (const std::exception& error) {
        failure = *error.what() ? error.what() : "unknown error";
      }
      lock2.lock();
      if (failure.empty()) {
        inbox->pieces.emplace_back(next, std::move(loaded));
      } else {
        inbox->loading.erase(next);
        inbox->broken.push_back(next);
        inbox->fail(failure.c_str());
      }
      inbox->queueCollect();
    }
    --inbox->loaders;
  });
}

void SpanSource::startTask(std::function<std::function<void()>()> task) {
  {
    std::lock_guard lock(inbox_->mutex);
    ++inbox_->tasks;
  }
  queries_.run([task = std::move(task), inbox = inbox_] {
    std::function<void()> call;
    std::string failure;
    try {
      call = task();
    } catch (const std::exception& error) {
      failure = error.what();
    }
    std::lock_guard lock(inbox->mutex);
    --inbox->tasks;
    if (call) inbox->calls.push_back(std::move(call));
    if (!failure.empty()) inbox->fail(failure.c_str());
    inbox->queueCollect();
  });
}

void SpanSource::reportFailure(const QString& failure) {
  if (failure.isEmpty() || failure_reported_) return;
  failure_reported_ = true;
  Q_EMIT failed(failure);
}

void SpanSource::collect() {
  if (!inbox_) return;
  const auto inbox = inbox_;  // a receiver of the signals below may change the trace
  decltype(Inbox::shapes) shapes;
  decltype(Inbox::pieces) pieces;
  std::vector<std::function<void()>> calls;
  QString failure;
  bool more = false;
  {
    std::lock_guard lock(inbox->mutex);
    inbox->collect_queued = false;
    shapes.swap(inbox->shapes);
    pieces.swap(inbox->pieces);
    calls.swap(inbox->calls);
    for (const auto& [piece, loaded] : pieces) inbox->loading.erase(piece);
    broken_.insert(inbox->broken.begin(), inbox->broken.end());
    inbox->broken.clear();
    failure.swap(inbox->failure);
    more = inbox->busy();
  }
  for (auto& [track, shape] : shapes) {
    if (shapes_[track]) continue;  // read meanwhile by a picture that could not wait
    shapes_[track] = std::move(shape);
    --missing_shapes_;
  }
  for (auto& [piece, loaded] : pieces)
    if (!pieces_.contains(piece)) keep(piece, std::move(loaded));
  evict();
  for (const auto& call : calls) {
    if (inbox != inbox_) return;
    call();
  }
  if (inbox != inbox_) return;
  reportFailure(failure);
  if (inbox != inbox_ || (shapes.empty() && pieces.empty())) return;
  if (!more && prepared()) {
    arrival_.stop();
    Q_EMIT arrived();
  } else if (!arrival_.isActive()) {
    arrival_.start(kArrivalMs);
  }
}

void SpanSource::evict() {
  if (bytes_ <= kCacheBytes) return;
  // Evicts everything that the last two frames did not use at once: rarer than one by one.
  for (auto it = pieces_.begin(); it != pieces_.end();) {
    if (it->second.frame + 2 >= frame_) {
      ++it;
      continue;
    }
    bytes_ -= it->second.bytes;
    it = pieces_.erase(it);
  }
}

}  // namespace moescope
