// RecordingSink: the destination of a recording in progress: a file, a stream to viewers, or both.
#pragma once

#include "core/trace/file/moetrace_loads.h"
#include "core/trace/sink.h"

namespace moescope {

/// A TraceSink that also takes loads and plans. Calls come from one thread at a time.
class RecordingSink : public TraceSink {
 public:
  virtual void add_loads(LoadRow row) = 0;
  virtual void add_plan(PlanRow row) = 0;
  /// Ends a round of fetched records: a stream then sends what it held back for a larger batch.
  virtual void end_round() {}
  /// Returns when everything passed before is stored durably. May be called from a thread other
  /// than that of the other calls.
  virtual void flush() {}
  /// Fill level of the buffer for slow consumers, 0 to 1: before it is full, a recorder may reduce
  /// detail instead of losing records.
  virtual double backlog() const { return 0; }
};

/// Passes everything to two sinks, e.g. a stream and a file. Both must be empty: ids are those of
/// the first, and the second must assign the same ones. strings() is that of the first.
class RecordingTee final : public RecordingSink {
 public:
  RecordingTee(RecordingSink& first, RecordingSink& second) : first_(first), second_(second) {}

  StringTable& strings() override { return first_.strings(); }
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
  void end_round() override;
  void flush() override;
  double backlog() const override;

 private:
  RecordingSink& first_;
  RecordingSink& second_;
  std::vector<StringId> second_strings_;  ///< by id of the first; 0: not asked yet
};

}  // namespace moescope
