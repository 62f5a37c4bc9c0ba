// Fetches what the ranks logged and hands it to a recording while they go on.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "core/trace/file/recording_sink.h"
#include "gpu/base/step_loads.h"
#include "gpu/base/unit_kind.h"
#include "gpu/record/rank_log.h"
#include "gpu/record/records.h"
#include "gpu/record/summary_writer.h"

namespace moescope::runtime {

/// A rank as the recording names it.
struct RecordedRank {
  int rank = 0, node = 0;
  UnitKind unit = UnitKind::Prefill;
  int workers = 0;  ///< SMs of a GPU
  std::string device = "CPU workers";
  bool on_cpu = true;
};

struct RecorderStatistics {
  std::uint64_t spans = 0, dropped = 0;
};

class Recorder {
 public:
  /// `facts` go into the recording's extra facts. Times count from `start` (steady clock). `logs`
  /// has a log for each of `ranks`; nullptr: the recorder makes them.
  Recorder(RecordingSink& sink, const std::vector<RecordedRank>& ranks,
           std::map<std::string, std::string> facts, std::int64_t start, RankLogs* logs = nullptr);
  /// Stops without finishing when finish() was not called.
  ~Recorder();

  RankLog* log(std::size_t rank) { return logs_.log(rank); }
  /// Times count from `start` instead; before anything is recorded.
  void set_start(std::int64_t start) { start_ = start; }
  /// Safe from any thread.
  void add_request(const RequestRecord& request);
  void add_step(const StepRecord& step);
  void add_span(EngineSpan span);
  /// `json` is in force from `time` on.
  void add_plan(std::int64_t time, const std::string& name, const std::string& json);
  /// Adds the loads of a step; written once a second, and when the epoch changes. `ranks`: of the
  /// unit, in order of slots.
  void add_loads(const StepRecord& step, const StepLoads& loads, const std::vector<int>& ranks,
                 int first_layer);
  /// What is recorded now.
  Detail detail() const { return summaries_.detail(); }
  /// Records that did not fit the rings of a rank so far.
  std::uint64_t dropped(std::size_t rank) const;
  /// The recording cannot go on; finish() throws why.
  bool failed() const { return failed_; }
  /// A fact that becomes known later; it is written with the next records.
  void set_fact(const std::string& name, std::string value);
  /// Returns when all that was added before is in the recording for good. From any thread; throws
  /// what the sink throws.
  void flush();
  /// Fetches the last records, writes facts and drops. Throws what the sink throws.
  RecorderStatistics finish();

 private:
  struct Tracks {
    TrackId streams[kLogStreams] = {}, micro_batches[kMaxMicroBatches] = {};
    /// Drops of each ring that were reported.
    std::uint64_t stream_drops[kLogStreams] = {}, micro_batch_drops[kMaxMicroBatches] = {},
                  worker_drops[kLogStreams] = {};
  };
  struct LoadWindow {
    StepLoads sum;
    std::vector<int> ranks;
    int first_layer = 0;
    std::int64_t begin = 0, end = 0;
    std::uint64_t epoch = 0;
  };
  /// What makes the name of a span: unit, layer and micro-batch only of a layer.
  using NameKey = std::tuple<SpanName, UnitKind, int, int>;
  void run();
  void drain(bool last = false);
  void drain_rank(std::size_t rank, Detail detail);
  void drain_workers(std::size_t rank, Detail detail);
  /// Reports what a ring dropped since `seen`; `drained` is what was just taken from it.
  template <typename T>
  void report_drops(const Ring<T>& ring, std::span<const T> drained, std::size_t rank,
                    TrackId track, std::uint64_t& seen);
  StringId name_of(const SpanRecord& record, UnitKind unit);
  void write_spans(TrackId track, const std::vector<SpanRecord>& records, UnitKind unit);
  void write_loads(const LoadWindow& window);
  void write_host_records();
  void write_requests(const std::vector<RequestRecord>& requests);
  void write_steps(UnitKind unit, const std::vector<StepRecord>& steps);
  void write_engine_spans(EngineTrack track, const std::vector<EngineSpan>& spans);
  void write_info();
  TimeNs time(std::int64_t steady) const {
    const std::int64_t start = start_;
    return steady < start ? 0 : steady - start;
  }

  RecordingSink& sink_;
  std::vector<RecordedRank> ranks_;
  std::map<std::string, std::string> facts_;
  std::atomic<std::int64_t> start_;
  std::unique_ptr<RankLogs> own_logs_;
  RankLogs& logs_;
  std::vector<Tracks> tracks_;
  TrackId request_track_ = 0, step_tracks_[2] = {}, engine_tracks_[kEngineTracks] = {};
  std::vector<UnitKind> units_;  ///< of the ranks
  SummaryWriter summaries_;
  RecorderStatistics statistics_;
  std::int64_t drained_ = 0;           ///< when the rings were emptied before
  std::map<NameKey, StringId> names_;  ///< as interned

  std::mutex mutex_;  ///< guards the queues below
  std::condition_variable wake_;
  bool stopping_ = false;
  std::uint64_t rounds_wanted_ = 0;  ///< drains that flush() asked for
  std::uint64_t rounds_ = 0;         ///< of these, done
  std::condition_variable round_done_;
  std::vector<RequestRecord> requests_;
  std::vector<StepRecord> steps_;
  std::vector<EngineSpan> engine_spans_;
  std::vector<PlanRow> plans_;
  std::map<UnitKind, LoadWindow> windows_;
  bool new_facts_ = false;
  std::vector<LoadWindow> full_windows_;
  std::exception_ptr error_;
  std::atomic<bool> failed_{false};
  std::thread thread_;
};

}  // namespace moescope::runtime
