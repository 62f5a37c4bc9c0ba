// Where the timeline gets spans and summaries from without ever waiting for a file.
#pragma once

#include <QObject>
#include <QThreadPool>
#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/trace/trace.h"
#include "views/timeline/loaded_chunk.h"

namespace moescope {

/// Summaries and chunks of one trace. What is not at hand is fetched on worker threads and told
/// by arrived(); a frame uses what is there. All calls on the GUI thread.
class SpanSource : public QObject {
  Q_OBJECT

 public:
  explicit SpanSource(QObject* parent = nullptr);
  ~SpanSource() override;

  /// Drops everything of the trace before and starts fetching summaries, `first` tracks first.
  void setTrace(TracePtr trace, const std::vector<TrackId>& first);
  const TracePtr& trace() const { return trace_; }

  /// nullptr until it arrived.
  std::shared_ptr<const TrackSummary> summary(TrackId track) const;
  bool allSummariesHere() const { return missing_summaries_ == 0; }

  /// Starts a frame: requests of the frame before that no worker began are forgotten.
  void beginFrame();
  /// Chunks of `track` that hold spans touching `window`. `complete` is set to false when some are
  /// still to be loaded; they are requested.
  std::vector<LoadedChunkPtr> chunks(TrackId track, TimeRange window, bool* complete);
  /// The span when its chunk is at hand; else its chunk is requested.
  std::optional<Span> span(SpanRef ref);

  /// Runs `work` on the trace and hands its result to `done` here: at once when the trace is in
  /// memory, else from a worker thread. Dropped when the trace changes. Errors go to failed().
  template <typename Work, typename Done>
  void query(Work work, Done done) {
    if (!trace_) return;
    if (trace_->in_memory()) {
      try {
        done(work(*trace_));
      } catch (const std::exception& error) {
        Q_EMIT failed(QString::fromUtf8(error.what()));
      }
      return;
    }
    startTask([work, done, trace = trace_]() -> std::function<void()> {
      return [result = work(*trace), done] { done(result); };
    });
  }

 Q_SIGNALS:
  /// Summaries or chunks came in; several arrivals make one signal.
  void arrived();
  /// The file is damaged or gone; told once a trace.
  void failed(const QString& message);

 private:
  struct ChunkKey {
    TrackId track;
    std::size_t chunk;
    friend auto operator<=>(const ChunkKey&, const ChunkKey&) = default;
  };
  struct ChunkKeyHash {
    std::size_t operator()(const ChunkKey& key) const {
      return (static_cast<std::size_t>(key.track) << 32) ^ key.chunk;
    }
  };
  struct CachedChunk {
    LoadedChunkPtr chunk;
    quint64 frame = 0;
  };
  struct Inbox;  ///< results of workers, shared with them

  LoadedChunkPtr cached(ChunkKey key);
  void request(ChunkKey key);
  void startSummaries(const std::vector<TrackId>& order);
  void startTask(std::function<std::function<void()>()> task);
  void stop();
  void collect();
  void evict();

  TracePtr trace_;
  QThreadPool pool_;
  std::shared_ptr<Inbox> inbox_;
  std::vector<std::shared_ptr<const TrackSummary>> summaries_;
  std::size_t missing_summaries_ = 0;
  std::unordered_map<ChunkKey, CachedChunk, ChunkKeyHash> chunks_;
  std::set<ChunkKey> broken_;
  quint64 frame_ = 0;
  bool told_failure_ = false;
};

}  // namespace moescope
