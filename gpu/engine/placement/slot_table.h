// Where the weights of every slot are in one epoch. A unit has two tables, by parity of the epoch:
// a change of plan switches between them.
#pragma once

#include <cstdint>
#include <vector>

#include "gpu/engine/placement/placement.h"

namespace moescope::runtime {

struct SlotTable {
  std::uint64_t epoch = 0;
  Placement placement;
  std::vector<std::vector<std::vector<int>>> places;  ///< [member][MoE layer][local slot]

  /// The table of `placement` in fresh pools: places in order of layer and slot.
  static SlotTable first(Placement placement);
  /// Places of a member that no slot uses, ascending.
  std::vector<int> free_places(int member, int places_of_pool) const;
};

/// The copy of an expert's weights into a spare place.
struct Move {
  int layer = 0, expert = 0;
  int to = 0, place = 0;         ///< member and its place
  int from = 0, from_place = 0;  ///< likewise
};

/// A table for the next epoch and what must be copied before it may be used.
struct MovePlan {
  SlotTable table;
  std::vector<Move> moves;  ///< in rounds: a member sends and receives once a round
  bool fits = true;         ///< false: some member has too few spare places; nothing else is set
};

/// From `now` to `next`, whose layers in `layers` change; the others must be equal. Weights that a
/// member has already stay where they are; the others come from a member of the same node where one
/// has them, else from another, spread over the sources.
MovePlan plan_moves(const SlotTable& now, const Placement& next, const std::vector<int>& layers,
                    int places_of_pool, int members_per_node);

}  // namespace moescope::runtime
