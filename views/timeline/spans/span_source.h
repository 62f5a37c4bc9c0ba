// Where the timeline gets spans and summaries from without ever waiting for a file.
#pragma once

#include <QObject>
#include <QTimer>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/executor.h"
#include "core/trace/trace.h"
#include "views/timeline/spans/bucket_tile.h"
#include "views/timeline/spans/loaded_chunk.h"

namespace moescope {

/// Pieces of one trace: tiles of summaries and chunks of spans. What is not at hand is fetched on
/// worker threads and announced by arrived(); a frame uses what is there. All calls on the GUI
/// thread.
class SpanSource : public QObject {
  Q_OBJECT

 public:
  explicit SpanSource(QObject* parent = nullptr);
  ~SpanSource() override;

  /// Drops everything of the trace before and starts looking at the tracks, in the order given.
  void setTrace(TracePtr trace, const std::vector<TrackId>& order);
  /// The same trace with more spans at the end: what did not change is kept. Needs a trace in
  /// memory whose summaries grow with it; any other is reset.
  void growTrace(TracePtr trace, const std::vector<TrackId>& order);
  const TracePtr& trace() const { return trace_; }

  /// nullptr until it is known.
  const TrackShape* shape(TrackId track) const;
  /// True when the shape of every track is known.
  bool prepared() const { return missing_shapes_ == 0; }
  /// True while something that was asked for is on its way.
  bool loading() const;

  /// Starts a frame: requests of the frame before that no worker began are forgotten.
  void beginFrame();
  /// While true, pieces are read at once instead of being requested: for pictures in files.
  void setBlocking(bool blocking);
  /// Tiles of `depth` at level `shift` that touch `window`. `complete` is set to false when some
  /// are still to be loaded; they are requested.
  std::vector<BucketTilePtr> tiles(TrackId track, int depth, TimeRange window, int shift,
                                   bool* complete);
  /// Chunks of `track` that hold spans touching `window`; `complete` as in tiles().
  std::vector<LoadedChunkPtr> chunks(TrackId track, TimeRange window, bool* complete);
  /// The span when its chunk is at hand; requests nothing.
  std::optional<Span> span(SpanRef ref);
  /// Bytes of the pieces at hand, without what a trace in memory holds itself.
  std::size_t bytes() const { return bytes_; }

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
  /// Shapes, tiles or chunks came in; several arrivals make one signal.
  void arrived();
  /// The file is damaged or gone; emitted once per trace.
  void failed(const QString& message);

 private:
  /// Names a tile or a chunk.
  struct Piece {
    TrackId track = 0;
    bool tile = false;
    std::uint8_t depth = 0, shift = 0;  ///< of a tile
    std::int64_t index = 0;             ///< of the tile or the chunk
    friend auto operator<=>(const Piece&, const Piece&) = default;
  };
  struct PieceHash {
    std::size_t operator()(const Piece& piece) const;
  };
  /// A tile or a chunk, whichever the piece names.
  struct Loaded {
    BucketTilePtr tile;
    LoadedChunkPtr chunk;
    std::size_t bytes = 0;
    quint64 frame = 0;  ///< last one that used it
  };
  struct Inbox;  ///< results of workers, shared with them

  static Loaded load(const Trace& trace, const Piece& piece);
  /// nullptr when it is not at hand: then it was requested.
  const Loaded* at(const Piece& piece);
  const Loaded* keep(const Piece& piece, Loaded loaded);
  void request(const Piece& piece);
  static bool changedByGrowth(const Piece& piece, const Trace& before, const Trace& after);
  void startShapes(const std::vector<TrackId>& order);
  void startTask(std::function<std::function<void()>()> task);
  void stop();
  void collect();
  void evict();
  void reportFailure(const QString& failure);

  TracePtr trace_;
  std::shared_ptr<Inbox> inbox_;
  std::vector<std::optional<TrackShape>> shapes_;
  std::size_t missing_shapes_ = 0;
  std::unordered_map<Piece, Loaded, PieceHash> pieces_;
  std::size_t bytes_ = 0;
  std::set<Piece> broken_;
  QTimer arrival_;
  quint64 frame_ = 0;
  bool blocking_ = false, failure_reported_ = false;
  TaskGroup pieces_work_;        ///< shapes, tiles and chunks
  TaskGroup queries_{kQueries};  ///< beside these: the user waits for them
  static constexpr int kQueries = 2;
};

}  // namespace moescope
