// How an engine is laid out and what it serves.
#pragma once

#include "gpu/comm/links/link_rates.h"
#include "gpu/engine/placement/workload.h"
#include "gpu/engine/unit/unit.h"

namespace moescope::runtime {

struct EngineOptions {
  int ranks = 16;  ///< half of them prefill, half decode
  int nodes = 2;   ///< each unit is spread over all nodes
  int tp = 1;      ///< ranks that share an attention, its rows spread over them
  bool overlap = true;
  CombineMode combine = CombineMode::Hierarchical;
  PaceOption pace;  ///< Fit does nothing when ranks on several hosts share no memory
  WorkerBudget budget;
  int max_tokens = 64;                                  ///< of one rank in one micro-batch
  int max_positions = 256;                              ///< longest prompt plus output
  int kv_pages = 256;                                   ///< of one rank
  int group_tokens() const { return tp * max_tokens; }  ///< of an attention group, likewise
  WorkloadOptions workload;
  /// Seconds that a prompt waits at most until every attention group has one.
  double batch_delay = 0;
  std::shared_ptr<const RouteReplay> replay;    ///< recorded routing; nullptr: the gate chooses
  double ttft_target = 0.5, tpot_target = 0.2;  ///< seconds; together the service level
  bool route_shared = false;  ///< the shared expert is one more expert that every token picks
  int active_slots = 0;       ///< slots of a rank that are active in a layer; 0: all it hosts
  /// Places for expert weights of a rank beyond those of the first plan, over all layers, into
  /// which plan changes copy; negative: enough for a whole other plan where that is little memory,
  /// else for one layer.
  int spare_places = -1;
  Faults faults;
};

}  // namespace moescope::runtime
