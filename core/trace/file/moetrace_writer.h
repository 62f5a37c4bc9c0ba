// MoetraceWriter: a RecordingSink that appends to a .moetrace while recording.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "core/progress.h"
#include "core/trace/file/recording_sink.h"

namespace moescope {

/// Commits on a thread of its own at least every second; readers may open the file at any time,
/// and a kill at any moment leaves a file that opens and misses at most what was appended since
/// the last commit. An error of the background thread (disk full) is thrown by append(), flush()
/// and finish().
///
/// The target is replaced when there is something to record: with the first commit that has spans,
/// SM records, counters or loads, or by flush() or finish(). Until then an existing file stays, for
/// good if the recording never gets that far. From then on the file is locked: a second writer is
/// refused, and removing or replacing the file by force is an error.
class MoetraceWriter final : public RecordingSink {
 public:
  /// Prepares a new .moetrace for `path`. Throws Error (no permission, disk full, another writer
  /// holds it).
  explicit MoetraceWriter(
      const std::filesystem::path& path,
      std::chrono::milliseconds commit_interval = std::chrono::milliseconds(500));
  /// Commits appended records when finish() was not called; errors are then lost.
  ~MoetraceWriter() override;

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
  void add_loads(LoadRow row) override;
  void add_plan(PlanRow row) override;

  /// Whether the target is this recording already.
  bool in_place() const;
  /// Whether there is anything to replace the target for.
  bool has_records() const;
  /// Commits everything appended so far.
  void flush() override;
  /// Commits, adds the summaries and leaves one file without side files (unless a reader holds it:
  /// then SQLite removes them when the reader closes). Nothing may be appended afterwards.
  void finish(Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
