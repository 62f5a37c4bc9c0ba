// How a unit is laid out and what it may use.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "gpu/base/exchange_wire.h"
#include "gpu/base/unit_kind.h"
#include "gpu/comm/memory/address_space.h"
#include "gpu/engine/placement/placement.h"
#include "gpu/engine/rank/faults.h"
#include "gpu/engine/rank/schedule.h"
#include "gpu/model/weights.h"
#include "gpu/record/rank_log.h"

namespace moescope::runtime {

/// Workers of a rank and how many of them communicate.
struct WorkerBudget {
  int workers = 3;
  int communication = 1;
};

/// Rows of a member that ordered_step() takes at most.
inline constexpr int kProbeRows = 32;

struct UnitOptions {
  UnitKind kind = UnitKind::Prefill;
  CombineMode combine = CombineMode::Ordered;
  bool overlap = true;
  DecodeOrder order = DecodeOrder::AttentionAgainstRest;  ///< of a decode unit that overlaps
  int micro_batches = 2;                                  ///< 1 or 2
  int tp = 1;           ///< consecutive ranks that share an attention (tensor parallelism)
  int max_tokens = 64;  ///< of one rank in one micro-batch
  int max_positions = 512;
  int kv_pages = 64;  ///< of one rank
  WorkerBudget budget;
  /// Places for expert weights of a rank beyond those of the first plan, over all layers.
  int spare_places = 0;
  bool route_shared = false;  ///< the shared expert is routed as expert number `experts`
  int active_slots = 0;       ///< at most so many slots of a rank are active in a layer; 0: all
  std::uint64_t epoch = 0;    ///< of the first plan
  Faults faults;
};

/// What a backend makes a unit of. The address space and the logs outlive the unit.
struct UnitParts {
  std::shared_ptr<const Model> model;
  AddressSpace& space;
  Group group;
  UnitOptions options;
  const Placement& placement;
  std::span<RankLog* const> logs = {};  ///< one per member, or empty to record nothing
};

/// Throws Error when the placement does not fit the model or the group, on any backend.
void check_unit(const UnitParts& parts);

}  // namespace moescope::runtime
