#include "views/timeline/span_source.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>

#include "core/parallel.h"

namespace moescope {
namespace {
constexpr std::size_t kMaxChunks = 512;  // about 250 MB; a frame that needs more keeps its own
}

/// Filled by workers, emptied on the GUI thread.
struct SpanSource::Inbox {
  std::mutex mutex;
  SpanSource* owner = nullptr;  ///< null once the trace changed
  bool collect_queued = false;
  std::deque<ChunkKey> wanted;
  std::set<ChunkKey> loading;
  int loaders = 0;
  std::vector<std::pair<TrackId, std::shared_ptr<const TrackSummary>>> summaries;
  std::vector<std::pair<ChunkKey, LoadedChunkPtr>> chunks;
  std::vector<ChunkKey> broken;
  std::vector<std::function<void()>> calls;
  QString failure;

  /// With the lock held: asks the owner to empty the inbox, once for many results.
  void queueCollect() {
    if (!owner || collect_queued) return;
    collect_queued = true;
    QMetaObject::invokeMethod(
        owner, [source = owner] { source->collect(); }, Qt::QueuedConnection);
  }
  void fail(const std::exception& error) {
    if (failure.isEmpty()) failure = QString::fromUtf8(error.what());
  }
  bool stopped() {
    std::lock_guard lock(mutex);
    return owner == nullptr;
  }
};

SpanSource::SpanSource(QObject* parent) : QObject(parent) {
  pool_.setMaxThreadCount(hardware_threads());
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
  pool_.clear();
  // Workers finish the chunk or track in hand; they hold the trace and the inbox themselves, so
  // only destruction waits for them.
  inbox_.reset();
}

void SpanSource::setTrace(TracePtr trace, const std::vector<TrackId>& first) {
  stop();
  trace_ = std::move(trace);
  chunks_.clear();
  broken_.clear();
  told_failure_ = false;
  summaries_.assign(trace_ ? trace_->tracks().size() : 0, nullptr);
  missing_summaries_ = summaries_.size();
  inbox_ = std::make_shared<Inbox>();
  inbox_->owner = this;
  if (trace_) startSummaries(first);
}

void SpanSource::startSummaries(const std::vector<TrackId>& order) {
  const auto tasks = static_cast<std::size_t>(pool_.maxThreadCount());
  auto next = std::make_shared<std::atomic<std::size_t>>(0);
  for (std::size_t i = 0; i < tasks; ++i) {
    pool_.start([next, order, trace = trace_, inbox = inbox_] {
      for (std::size_t at = (*next)++; at < order.size() && !inbox->stopped(); at = (*next)++) {
        std::shared_ptr<const TrackSummary> summary;
        try {
          summary = trace->summary(order[at]);
        } catch (const std::exception& error) {
          std::lock_guard lock(inbox->mutex);
          inbox->fail(error);
        }
        std::lock_guard lock(inbox->mutex);
        inbox->summaries.emplace_back(order[at], std::move(summary));
        inbox->queueCollect();
      }
    });
  }
}

std::shared_ptr<const TrackSummary> SpanSource::summary(TrackId track) const {
  return track < summaries_.size() ? summaries_[track] : nullptr;
}

void SpanSource::beginFrame() {
  ++frame_;
  if (!inbox_) return;
  std::lock_guard lock(inbox_->mutex);
  inbox_->wanted.clear();
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
    if (auto chunk = cached({track, static_cast<std::size_t>(it - infos.begin())}))
      result.push_back(std::move(chunk));
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
  const auto chunk = cached({ref.track, static_cast<std::size_t>(it - infos.begin())});
  if (!chunk) return {};
  return chunk->columns().at(ref.index - it->first_index);
}

LoadedChunkPtr SpanSource::cached(ChunkKey key) {
  if (const auto it = chunks_.find(key); it != chunks_.end()) {
    it->second.frame = frame_;
    return it->second.chunk;
  }
  if (!trace_->in_memory()) {
    request(key);
    return nullptr;
  }
  auto chunk = std::make_shared<const LoadedChunk>(
      trace_->chunk(key.track, key.chunk), trace_->chunk_infos(key.track)[key.chunk].first_index);
  chunks_[key] = {chunk, frame_};
  evict();
  return chunk;
}

void SpanSource::request(ChunkKey key) {
  if (broken_.contains(key)) return;
  std::lock_guard lock(inbox_->mutex);
  if (inbox_->loading.contains(key) ||
      std::find(inbox_->wanted.begin(), inbox_->wanted.end(), key) != inbox_->wanted.end())
    return;
  inbox_->wanted.push_back(key);
  if (inbox_->loaders >= pool_.maxThreadCount()) return;
  ++inbox_->loaders;
  pool_.start(
      [trace = trace_, inbox = inbox_] {
        std::unique_lock lock2(inbox->mutex);
        while (!inbox->wanted.empty() && inbox->owner) {
          const ChunkKey next = inbox->wanted.front();
          inbox->wanted.pop_front();
          inbox->loading.insert(next);
          lock2.unlock();
          LoadedChunkPtr chunk;
          std::optional<std::string> failure;
          try {
            chunk = std::make_shared<const LoadedChunk>(
                trace->chunk(next.track, next.chunk),
                trace->chunk_infos(next.track)[next.chunk].first_index);
          } catch (const std::exception& error) {
            failure = error.what();
          }
          lock2.lock();
          inbox->loading.erase(next);
          if (failure) {
            inbox->broken.push_back(next);
            inbox->fail(std::runtime_error(*failure));
          } else {
            inbox->chunks.emplace_back(next, std::move(chunk));
          }
          inbox->queueCollect();
        }
        --inbox->loaders;
      },
      1);  // before summaries: the user looks at these
}

void SpanSource::startTask(std::function<std::function<void()>()> task) {
  pool_.start(
      [task = std::move(task), inbox = inbox_] {
        try {
          auto call = task();
          std::lock_guard lock(inbox->mutex);
          inbox->calls.push_back(std::move(call));
        } catch (const std::exception& error) {
          std::lock_guard lock(inbox->mutex);
          inbox->fail(error);
        }
        std::lock_guard lock(inbox->mutex);
        inbox->queueCollect();
      },
      2);
}

void SpanSource::collect() {
  if (!inbox_) return;
  decltype(Inbox::summaries) summaries;
  decltype(Inbox::chunks) chunks;
  std::vector<std::function<void()>> calls;
  QString failure;
  {
    std::lock_guard lock(inbox_->mutex);
    inbox_->collect_queued = false;
    summaries.swap(inbox_->summaries);
    chunks.swap(inbox_->chunks);
    calls.swap(inbox_->calls);
    broken_.insert(inbox_->broken.begin(), inbox_->broken.end());
    inbox_->broken.clear();
    failure.swap(inbox_->failure);
  }
  for (auto& [track, summary] : summaries) {
    summaries_[track] = std::move(summary);
    --missing_summaries_;
  }
  for (auto& [key, chunk] : chunks) chunks_[key] = {std::move(chunk), frame_};
  evict();
  if (!failure.isEmpty() && !told_failure_) {
    told_failure_ = true;
    Q_EMIT failed(failure);
  }
  if (!summaries.empty() || !chunks.empty()) Q_EMIT arrived();
  for (const auto& call : calls) call();
}

void SpanSource::evict() {
  if (chunks_.size() <= kMaxChunks) return;
  // Everything that the last two frames did not use goes at once: rarer than one by one.
  for (auto it = chunks_.begin(); it != chunks_.end();)
    it = it->second.frame + 2 < frame_ ? chunks_.erase(it) : std::next(it);
}

}  // namespace moescope
