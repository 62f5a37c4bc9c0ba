// TraceSink: the interface for building traces, used by importers, the .moetrace writer and live
// sources.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/trace/chunk.h"
#include "core/trace/trace.h"

namespace moescope {

/// Spans of one track with their arguments, in order of start.
struct SpanBatch {
  SpanColumns columns;                      ///< `depth` may be left empty: the builder fills it
  std::string args_text;                    ///< concatenated JSON object texts, see ArgsBlock
  std::vector<std::uint32_t> args_offsets;  ///< rows+1 entries, or empty for no arguments

  /// Adds a span to a batch in which all have arguments; its depth is left to the sink.
  /// @param args JSON object text
  void add(const Span& span, std::string_view args);
};

/// Throws std::invalid_argument unless columns agree in length and spans are in order of start.
void check_batch(const SpanBatch& batch);

/// Grown by appending. Calls come from one thread at a time.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual StringTable& strings() = 0;
  virtual ProcessId add_process(Process process) = 0;
  virtual void add_device(Device device) = 0;
  virtual TrackId add_track(Track track) = 0;
  virtual LaunchId intern_launch(const LaunchConfig& launch) = 0;
  /// Batches of one track must not start before the last span of the batch before.
  virtual void append(TrackId track, SpanBatch batch) = 0;
  virtual void add_sm_records(std::vector<SmRecord> records) = 0;
  virtual void add_counter(CounterSeries series) = 0;
  virtual void add_note(Note note) = 0;
  /// Something was not recorded. Losses of one kind, place and reason come in order of time, see
  /// LossList.
  virtual void add_loss(Loss loss) = 0;
  /// Facts about the whole trace; the last call counts.
  virtual void set_info(TraceInfo info) = 0;
};

/// Builds a Trace in memory. snapshot() may be called between appends (live) and at the end.
class TraceBuilder final : public TraceSink {
 public:
  TraceBuilder();
  ~TraceBuilder() override;

  StringTable& strings() override;
  ProcessId add_process(Process process) override;
  void add_device(Device device) override;
  TrackId add_track(Track track) override;
  LaunchId intern_launch(const LaunchConfig& launch) override;
  void append(TrackId track, SpanBatch batch) override;
  void add_sm_records(std::vector<SmRecord> records) override;
  void add_counter(CounterSeries series) override;
  void add_note(Note note) override;
  void add_loss(Loss loss) override;
  void set_info(TraceInfo info) override;

  /// Appends a finished chunk, e.g. of another trace; the order of append() applies.
  void append_chunk(TrackId track, std::shared_ptr<const SpanChunk> chunk);
  /// An immutable view of everything appended so far; chunks are shared, not copied.
  TracePtr snapshot() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Spans in one chunk at most; large enough to compress well, small enough to read one quickly.
inline constexpr std::size_t kChunkSpans = 16384;

}  // namespace moescope
