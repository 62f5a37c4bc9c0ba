// Dynamic redundancy: a rank hosts more experts than it activates in one layer of a step; which
// replicas are active is solved from the counts of that layer, before its all-to-all.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/engine/placement/placement.h"

namespace moescope::runtime {

/// Chooses active slots and how the tokens split over them, so that the most loaded rank has as
/// little work as possible: experts by falling count go to the emptiest rank that hosts them, then
/// tokens of the most loaded rank shift to other replicas while that helps. Integers only: the same
/// on every rank.
class ActiveSlots {
 public:
  /// `counts`: tokens of each expert in this layer, of all ranks. At most `active` slots of a rank
  /// get tokens. Throws Error when some expert finds no place (check_active_slots() detects that in
  /// advance).
  ActiveSlots(const Placement& placement, int layer, int active,
              std::span<const std::uint32_t> counts);

  /// The slot that takes the `nth` token of an expert, counted over all ranks in order.
  int slot(int expert, std::uint32_t nth) const;
  /// Tokens of each slot.
  const std::vector<std::uint32_t>& shares() const { return share_; }
  std::uint32_t most_loaded() const;

 private:
  int rank_of(int slot) const { return slot / placement_.slots_per_rank(); }
  void place(int expert, std::uint32_t count);
  bool make_room(int expert, std::vector<char>& visited, int& slot);
  void activate(int slot, std::uint32_t tokens);
  void deactivate(int slot);
  bool shift_once();

  const Placement& placement_;
  int layer_, limit_;
  std::vector<std::uint32_t> share_;  ///< by slot
  std::vector<char> on_;              ///< by slot
  std::vector<std::uint32_t> load_;   ///< by rank
  std::vector<int> active_;           ///< slots by rank
};

/// Throws Error naming the layer when `active` slots of a rank are too few for a step that uses
/// every expert.
void check_active_slots(const Placement& placement, int active);

}  // namespace moescope::runtime
