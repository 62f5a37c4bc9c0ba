// Publisher: streams a recording to any number of viewers while it is made.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cluster/wire/node_types.h"
#include "core/error.h"
#include "core/trace/file/recording_sink.h"

namespace moescope {

/// What one viewer gets. Definitions (topology, strings, plans) wait until it takes them; records
/// wait in a ring of bounded size whose oldest batch is dropped, and reported as a loss, when it is
/// full.
/// Thread-safe.
class Subscription {
 public:
  /// Waits until there is something to send and a credit for it, and uses up the credit; nullopt
  /// after the last batch or cancel().
  std::optional<std::string> wait_next();
  void grant(std::uint32_t batches);
  /// No more batches for this viewer.
  void cancel();
  /// Whether it was cancelled because another viewer needed its place.
  bool displaced() const;

  struct State;
  explicit Subscription(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~Subscription();

 private:
  std::shared_ptr<State> state_;
};

/// Who wants to see a recording.
struct ViewerId {
  std::string peer;      ///< names it in viewers()
  std::string identity;  ///< whose viewers are counted together; empty: not counted
  PeerRole role = PeerRole::Operator;
};

/// Thrown when there is no place for a viewer.
class TooManyViewers : public Error {
 public:
  using Error::Error;
};

/// Never waits for a viewer.
class Publisher final : public RecordingSink {
 public:
  struct Options {
    std::size_t ring_bytes = std::size_t{8} << 20;  ///< of records that wait for one viewer
    std::size_t viewers = 16;
    std::size_t for_operators = 4;  ///< places that only operators get
    std::size_t of_one = 4;         ///< viewers of one identity
    /// A viewer that has taken nothing of its backlog for this long gives up its place to a new
    /// one.
    std::chrono::milliseconds patience = std::chrono::seconds(10);
  };

  Publisher() : Publisher(Options()) {}
  explicit Publisher(Options options);
  ~Publisher() override;

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
  void end_round() override;
  /// Of the slowest viewer.
  double backlog() const override;

  /// Sends what is held back, then an end to every viewer; nothing may be added afterwards.
  void end(const std::string& reason);
  /// Number of this run, random.
  std::uint64_t run() const;

  /// Throws TooManyViewers.
  std::unique_ptr<Subscription> subscribe(ViewerId who, std::uint32_t credits);
  std::unique_ptr<Subscription> subscribe(std::string peer, std::uint32_t credits) {
    return subscribe(ViewerId{std::move(peer), {}, PeerRole::Operator}, credits);
  }
  std::vector<ViewerStatus> viewers() const;

  struct State;  ///< shared with the subscriptions, which may outlive the publisher

 private:
  std::shared_ptr<State> state_;
};

}  // namespace moescope
