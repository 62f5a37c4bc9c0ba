// LiveTrace: a growing trace in bounded memory.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "core/analysis/serving/serving.h"
#include "core/loads/read/recorded_loads.h"
#include "core/trace/file/recording_sink.h"

namespace moescope {

using LoadSetPtr = std::shared_ptr<const LoadSet>;

/// What is kept of the loads of a unit: ten minutes, or less when layers and experts are many.
inline constexpr LoadLimits kLiveLoads = {.windows = 600, .values = std::size_t{1} << 21};

/// Takes a recording as it arrives and returns immutable snapshots. Small batches of a track are
/// joined into chunks; a snapshot shares full chunks and copies only the last, open one of each
/// track. Beyond `max_held` spans and SM records together the oldest of both are evicted. Requests
/// and steps are read from their spans, loads become windows, plans are kept as they came, each up
/// to a limit. Calls come from one thread at a time; snapshots may be used on any.
class LiveTrace final : public RecordingSink {
 public:
  /// `source` names the origin of the loads.
  explicit LiveTrace(std::size_t max_held, std::string source = {}, LoadLimits loads = kLiveLoads);
  ~LiveTrace() override;

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

  TracePtr snapshot();
  /// Rises when spans were evicted: references to spans of an earlier generation are void.
  std::uint64_t generation() const { return generation_; }
  /// One set for each unit that has a whole window; the same pointers when nothing is new.
  const std::vector<LoadSetPtr>& load_sets();
  const std::deque<PlanRow>& plans() const { return plans_; }
  const std::deque<ServedRequest>& requests() const { return requests_; }
  const std::deque<ServedStep>& steps() const { return steps_; }
  /// All requests received, including those no longer kept.
  std::uint64_t request_count() const { return request_count_; }
  std::uint64_t step_count() const { return step_count_; }

 private:
  struct State;
  void read_serving(const SpanBatch& batch);
  void evict();

  std::unique_ptr<State> state_;
  std::size_t max_held_;
  std::uint64_t generation_ = 0;
  RecordedLoads loads_;
  bool loads_changed_ = false;  ///< since load_sets()
  std::vector<LoadSetPtr> load_sets_;
  std::deque<PlanRow> plans_;
  std::deque<ServedRequest> requests_;
  std::deque<ServedStep> steps_;
  std::uint64_t request_count_ = 0, step_count_ = 0;
};

}  // namespace moescope
