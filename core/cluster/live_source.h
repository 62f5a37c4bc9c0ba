// LiveSource: what a running node records, as a growing trace and optionally as a file.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/analysis/serving/serving.h"
#include "core/cluster/client.h"
#include "core/cluster/live_state.h"
#include "core/cluster/live_trace.h"
#include "core/trace/file/moetrace_loads.h"
#include "core/trace/trace.h"

namespace moescope {

struct LiveOptions {
  /// Also recorded to this .moetrace from the first batch on, committed twice a second;
  /// empty: not. A node that was restarted goes on in "NAME-2.moetrace" and so forth.
  std::filesystem::path recording;
  /// Spans and SM records kept in memory, together (about 50 bytes each with arguments). Beyond it
  /// the oldest quarter is evicted and `generation` rises; the recording keeps all.
  std::size_t max_held = 8'000'000;
  /// Batches of up to 128 KiB under way at a time: about the ring that the node keeps.
  std::uint32_t credits = 64;
  /// How long a broken connection is retried, with growing pauses, once nobody listens any more.
  /// While the node is there but does not answer, retries go on without limit. 0: a broken
  /// connection is Lost.
  std::chrono::milliseconds patience{0};
  /// Shortest time between two calls of the listener.
  std::chrono::milliseconds notice_interval{100};
};

/// What did not arrive since this source started.
struct LiveDrops {
  std::uint64_t batches = 0, spans = 0;  ///< dropped by the node because this viewer was slow
  std::uint64_t records = 0;             ///< dropped in the node's own rings
};

/// Over the last two seconds.
struct LiveRates {
  double bytes_per_second = 0, spans_per_second = 0, batches_per_second = 0;
};

/// The figures of a snapshot without the trace; very cheap.
struct LiveFigures {
  LiveState state = LiveState::Connecting;
  std::string reason;
  std::uint64_t spans = 0;
  LiveDrops drops;
  LiveRates rates;
};

/// Immutable.
struct LiveSnapshot {
  LiveState state = LiveState::Connecting;
  std::string reason;  ///< why waiting, lost or ended
  TracePtr trace;      ///< never null
  /// References to spans (SpanRef) are valid only within one generation.
  std::uint64_t generation = 0;
  std::vector<ServedRequest> requests;              ///< done, the last 10000
  std::vector<ServedStep> steps;                    ///< the last 10000
  std::uint64_t request_count = 0, step_count = 0;  ///< all of this run of the node that came
  std::vector<PlanRow> plans;                       ///< epochs in order of time
  std::vector<LoadSetPtr> loads;    ///< of each unit, the newest windows (kLiveLoads)
  std::filesystem::path recording;  ///< the file written now; empty: none
  std::string recording_error;      ///< why recording stopped; the live view goes on
  std::uint64_t batches = 0, bytes = 0, spans = 0;  ///< received
  LiveDrops drops;
  LiveRates rates;
};
using LiveSnapshotPtr = std::shared_ptr<const LiveSnapshot>;

/// Subscribes on a thread of its own. All methods are safe from any thread.
class LiveSource {
 public:
  /// `on_change` is called on a thread of the source, at most once in the notice interval, when
  /// something new came or the state changed; it may take a snapshot, but not stop the source.
  /// Throws Error when the recording cannot be written.
  LiveSource(std::shared_ptr<ClusterClient> client, LiveOptions options,
             std::function<void()> on_change = {});
  /// Stops.
  ~LiveSource();

  /// The current state. Takes a few milliseconds when much has changed, so not for the GUI thread.
  /// Returns the same pointer when nothing is new.
  LiveSnapshotPtr snapshot() const;
  LiveState state() const;
  /// Cheap, and unlike snapshot() delays no batch.
  LiveFigures figures() const;
  ClusterClient& client();

  /// Tries again after Lost, or at once in Waiting; what was received stays. Does nothing in other
  /// states.
  void reconnect();
  /// Ends the subscription and completes the recording. The last snapshot stays available.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
