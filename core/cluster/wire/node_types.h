// What a node tells about itself and what it can be asked, as plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/serving/plan_effect.h"
#include "core/error.h"

namespace moescope {

/// Raised when a message changes its meaning; client and node must agree.
inline constexpr std::uint32_t kClusterProtocol = 1;

/// Why a stream ends when nothing went wrong; any other reason is a failure.
inline constexpr const char* kNodeEnded = "the node ended";

/// What a peer may do. Only an operator changes anything.
enum class PeerRole : std::uint8_t { Viewer, Operator };
const char* to_string(PeerRole role);  ///< "viewer", "operator"

/// Answer to the first call of a client.
struct NodeHello {
  std::string version;               ///< of the program
  std::uint64_t run = 0;             ///< another number after every start
  PeerRole role = PeerRole::Viewer;  ///< of the client
};

/// A change of plan, under way or done: a line of the log that the window shows.
struct NodePlanChange {
  std::uint64_t ticket = 0;  ///< 1, 2, ... in order of proposals
  std::string who, name;     ///< peer as the node knows it, name of the plan
  /// "proposed", "preparing", "committing", "verifying", "holding", "released", "rolled_back",
  /// "refused"; the last three are final, "holding" and "released" mean that it is in force.
  std::string phase;
  std::string reason;  ///< why it was refused or rolled back: nothing changed then
  std::uint64_t base_epoch = 0, epoch = 0;
  std::int64_t moves = 0;  ///< expert copies over both units
  std::uint64_t bytes_done = 0, bytes_total = 0, ib_bytes = 0;
  std::uint32_t prefill_step = 0, decode_step = 0;  ///< first steps under the plan; 0: none yet
  int slot_count = 0, slots_probed = 0;             ///< how many the verifying batch went through
  std::int64_t wall_ns = 0;                         ///< Unix time of the proposal
  double seconds = 0;                               ///< from proposal to now or to the end
  double tpot_before = 0, tpot_during = 0, tpot_after = 0;  ///< s; 0: no token then
  std::optional<PlanEffect> effect;  ///< as the client told that asked for it

  bool in_force() const { return phase == "holding" || phase == "released"; }
  bool over() const { return in_force() || phase == "rolled_back" || phase == "refused"; }
  /// 0..1 of the way into force.
  double fraction() const;
};

struct NodeWorkers {
  int workers = 0, communication = 0;
};

struct NodeUnit {
  std::string name;  ///< "prefill", "decode"
  std::uint64_t steps = 0;
  double steps_per_second = 0, tokens_per_second = 0;  ///< of the last second
  std::vector<double> imbalance;                       ///< max/mean of each MoE layer
  NodeWorkers requested, granted, observed;
};

struct NodeRank {
  int rank = 0, node = 0;
  std::string unit;
  std::uint64_t dropped = 0, tokens = 0;  ///< records lost; expert rows in the last window
};

/// A rank that does nothing though nobody keeps it waiting.
struct NodeHungRank {
  int rank = 0;
  std::int64_t process_id = 0;  ///< of the process that hosts it
  std::string host;             ///< where that runs
  double seconds = 0;           ///< since it last did something
  std::string reason;           ///< how that is known, in words
};

struct ViewerStatus {
  std::string peer;
  std::uint64_t sent_batches = 0, dropped_batches = 0, dropped_spans = 0;
};

struct NodeStatus {
  std::string version, model, backend;
  std::uint64_t run = 0;
  bool serving = false;
  double seconds = 0;       ///< of serving
  std::uint64_t epoch = 0;  ///< of the running plan
  bool overlap = true;
  /// Of what is recorded: "spans", or "steps" while somebody cannot keep up; empty: not told.
  std::string detail;
  std::string links;     ///< rates of paced links; empty: not paced
  std::string workload;  ///< in the form of --workload
  std::uint64_t arrived = 0, waiting = 0, decoding = 0, finished = 0;  ///< requests
  double ttft_p50 = 0, ttft_p95 = 0, tpot_p50 = 0, tpot_p95 = 0;       ///< seconds, 0: none yet
  double within_target = 0;        ///< share of finished requests
  std::uint64_t dropped = 0;       ///< records, of all ranks
  std::uint64_t expert_bytes = 0;  ///< weights of one expert of one layer
  std::vector<NodeUnit> units;
  std::vector<NodeRank> ranks;
  std::vector<NodeHungRank> hung;  ///< now, ascending
  std::vector<ViewerStatus> viewers;
  std::vector<NodePlanChange> history;  ///< oldest first, the last 100
  std::string plan_json;                ///< of the running plan; empty unless asked for
  std::string previous_plan_json;    ///< what a rollback brings back; empty: nothing, or not asked
  std::vector<std::string> notices;  ///< what an operator should see to, a sentence each
};

/// How a change of plan ended, or what a dry run found.
struct PlanOutcome {
  bool done = false;  ///< in force, or in a dry run: would be tried
  NodePlanChange change;
  /// Why it is not done; the plan from before is in force then.
  const std::string& reason() const { return change.reason; }
};

struct PlanRequest {
  std::string plan_json;                    ///< in the form of plan files
  std::string name;                         ///< told in the history
  std::optional<std::uint64_t> base_epoch;  ///< refused when another one runs; nullopt: any
  bool dry_run = false;                     ///< check and tell what would move
};

/// What may be changed while a node runs; nullopt leaves it.
struct NodeSettings {
  std::optional<bool> overlap;
  std::optional<int> workers, comm_workers;
  std::optional<std::string> workload;  ///< in the form of --workload
};

/// Called with the state of a change of plan as it goes on; false asks to undo it.
using PlanListener = std::function<bool(const NodePlanChange&)>;

/// Thrown by a node that does not serve: not yet, or not any more.
class NotServing : public Error {
 public:
  explicit NotServing(const std::string& why) : Error("node", "", why, "Try again in a moment") {}
};

/// What a node does when asked; the service calls it from several threads. Implementations throw
/// Error when asked for the impossible and refuse plans by PlanOutcome.
class NodeControl {
 public:
  virtual ~NodeControl() = default;
  /// Throws NotServing when nothing can be asked; so do the others then. Returns at once.
  virtual void check_serving() {}
  virtual NodeStatus status(bool with_plan) = 0;
  virtual PlanOutcome apply(const PlanRequest& request, const std::string& who,
                            const PlanListener& listener) = 0;
  virtual PlanOutcome rollback(const std::string& who) = 0;
  /// Keeps what a client predicted and measured of a change, for the history. Replaces what was
  /// told of it before; throws Error when there is no such change in force.
  virtual void tell_effect(std::uint64_t ticket, const PlanEffect& effect) = 0;
  virtual void configure(const NodeSettings& settings) = 0;
  /// Asks the node to end; returns at once.
  virtual void stop() = 0;
};

}  // namespace moescope
