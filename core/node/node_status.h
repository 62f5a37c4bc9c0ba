// Status of a node: filled by its engine, carried by the wire, shown by every client.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/node/plan_change.h"
#include "core/node/recorded_detail.h"
#include "core/node/unit_kind.h"

namespace moescope {

/// Workers of a rank and how many of them communicate.
struct NodeWorkers {
  int workers = 0, communication = 0;
};

struct NodeUnit {
  UnitKind kind = UnitKind::Prefill;
  std::uint64_t steps = 0;
  double steps_per_second = 0, tokens_per_second = 0;  ///< of the last second
  std::vector<double> imbalance;  ///< max/mean rank load of each MoE layer, last full window
  NodeWorkers requested, granted;
  NodeWorkers observed;  ///< at work in the last second
};

struct NodeRank {
  int rank = 0, node = 0;
  UnitKind unit = UnitKind::Prefill;
  std::uint64_t dropped = 0;  ///< records that did not fit its rings
  std::uint64_t tokens = 0;   ///< expert rows computed in the last full window
};

/// How it is known that a rank hangs.
enum class HangReason : std::uint8_t {
  Stopped,   ///< its process is stopped by a signal or a debugger
  Silent,    ///< its process gives no sign of life
  Blocked,   ///< inside a step, neither computing nor waiting for another rank
  Computes,  ///< one part of a step computes endlessly
};
/// A sentence without its end: "it is blocked inside a step".
const char* to_string(HangReason reason);

/// A rank that makes no progress although no other rank keeps it waiting. Dropped when it goes on.
struct NodeHungRank {
  int rank = 0;
  std::int64_t process_id = 0;  ///< of the process that hosts it
  std::string host;             ///< where that runs
  double seconds = 0;           ///< since it last made progress
  HangReason reason = HangReason::Silent;
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
  std::optional<RecordedDetail> detail;  ///< nullopt: not recorded
  std::string links;                     ///< empty: not paced
  std::string workload;                  ///< as --workload
  /// Requests; nullopt: not told. A node counts them all, an engine's metrics some.
  std::optional<std::uint64_t> arrived, waiting, decoding, finished;
  std::optional<double> cache_use;                                ///< share of the KV cache, 0 to 1
  double ttft_p50 = 0, ttft_p95 = 0, tpot_p50 = 0, tpot_p95 = 0;  ///< seconds, 0: none yet
  double within_target = 0;        ///< share of finished requests that met both targets
  std::uint64_t dropped = 0;       ///< records, of all ranks
  std::uint64_t expert_bytes = 0;  ///< weights of one expert of one layer
  int cores = 0;                   ///< shared by all ranks; 0: each has what it needs, or unknown
  std::vector<NodeUnit> units;
  std::vector<NodeRank> ranks;
  std::vector<NodeHungRank> hung;  ///< now, ascending
  std::vector<ViewerStatus> viewers;
  std::vector<NodePlanChange> history;  ///< oldest first, the last 100
  std::string plan_json;                ///< of the running plan; empty unless requested
  std::string previous_plan_json;    ///< what a rollback restores; empty: nothing, or not requested
  std::vector<std::string> notices;  ///< what needs an operator's attention, one sentence each
};

}  // namespace moescope
