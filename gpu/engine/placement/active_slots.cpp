#include "gpu/engine/placement/active_slots.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace moescope::runtime {

ActiveSlots::ActiveSlots(const Placement& placement, int layer, int active,
                         std::span<const std::uint32_t> counts)
    : placement_(placement),
      layer_(layer),
      limit_(active),
      share_(static_cast<std::size_t>(placement.slots())),
      on_(share_.size()),
      load_(static_cast<std::size_t>(placement.ranks())),
      active_(load_.size()) {
  std::vector<int> order(counts.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return counts[static_cast<std::size_t>(a)] > counts[static_cast<std::size_t>(b)];
  });
  for (const int expert : order)
    if (counts[static_cast<std::size_t>(expert)] > 0)
      place(expert, counts[static_cast<std::size_t>(expert)]);
  for (std::size_t i = 0; i < 4 * share_.size() && shift_once(); ++i) {
  }
}

void ActiveSlots::activate(int slot, std::uint32_t tokens) {
  const auto rank = static_cast<std::size_t>(rank_of(slot));
  on_[static_cast<std::size_t>(slot)] = 1;
  share_[static_cast<std::size_t>(slot)] = tokens;
  ++active_[rank];
  load_[rank] += tokens;
}

void ActiveSlots::deactivate(int slot) {
  const auto rank = static_cast<std::size_t>(rank_of(slot));
  on_[static_cast<std::size_t>(slot)] = 0;
  load_[rank] -= share_[static_cast<std::size_t>(slot)];
  share_[static_cast<std::size_t>(slot)] = 0;
  --active_[rank];
}

/// Gives an expert its first active slot, on the emptiest rank with room.
void ActiveSlots::place(int expert, std::uint32_t count) {
  int best = -1;
  for (const int slot : placement_.replicas(layer_, expert)) {
    const auto rank = static_cast<std::size_t>(rank_of(slot));
    if (active_[rank] >= limit_) continue;
    if (best < 0 || load_[rank] < load_[static_cast<std::size_t>(rank_of(best))]) best = slot;
  }
  if (best < 0) {
    std::vector<char> visited(load_.size());
    if (!make_room(expert, visited, best))
      throw Error(
          "plan", fmt::format("layer {}", layer_),
          fmt::format("expert {} finds no rank with fewer than {} active slots", expert, limit_));
  }
  activate(best, count);
}

/// Frees a place on a rank that hosts `expert` by moving another expert to its replica elsewhere
/// (an augmenting path of the matching). `slot` becomes the freed place's slot of `expert`.
bool ActiveSlots::make_room(int expert, std::vector<char>& visited, int& slot) {
  for (const int own : placement_.replicas(layer_, expert)) {
    const int rank = rank_of(own), per_rank = placement_.slots_per_rank();
    if (visited[static_cast<std::size_t>(rank)] != 0) continue;
    visited[static_cast<std::size_t>(rank)] = 1;
    for (int other = rank * per_rank; other < (rank + 1) * per_rank; ++other) {
      if (on_[static_cast<std::size_t>(other)] == 0) continue;
      const int moved = placement_.expert(layer_, other);
      int to = -1;
      for (const int candidate : placement_.replicas(layer_, moved))
        if (active_[static_cast<std::size_t>(rank_of(candidate))] < limit_) {
          to = candidate;
          break;
        }
      if (to < 0 && !make_room(moved, visited, to)) continue;
      const std::uint32_t tokens = share_[static_cast<std::size_t>(other)];
      deactivate(other);
      activate(to, tokens);
      slot = own;
      return true;
    }
  }
  return false;
}

/// Moves tokens of one expert from the most loaded rank to the emptiest rank that may take them;
/// false when that brings nothing.
bool ActiveSlots::shift_once() {
  const auto most =
      static_cast<std::size_t>(std::max_element(load_.begin(), load_.end()) - load_.begin());
  const int per_rank = placement_.slots_per_rank();
  int from = -1, to = -1;
  std::uint32_t gain = 0;
  for (int slot = static_cast<int>(most) * per_rank; slot < (static_cast<int>(most) + 1) * per_rank;
       ++slot) {
    if (on_[static_cast<std::size_t>(slot)] == 0) continue;
    for (const int other : placement_.replicas(layer_, placement_.expert(layer_, slot))) {
      const auto rank = static_cast<std::size_t>(rank_of(other));
      const bool room = on_[static_cast<std::size_t>(other)] != 0 || active_[rank] < limit_;
      if (rank == most || !room || load_[rank] >= load_[most]) continue;
      const std::uint32_t tokens =
          std::min(share_[static_cast<std::size_t>(slot)], (load_[most] - load_[rank]) / 2);
      if (tokens > gain) {
        gain = tokens;
        from = slot;
        to = other;
      }
    }
  }
  if (gain == 0) return false;
  if (on_[static_cast<std::size_t>(to)] == 0) activate(to, 0);
  share_[static_cast<std::size_t>(to)] += gain;
  load_[static_cast<std::size_t>(rank_of(to))] += gain;
  share_[static_cast<std::size_t>(from)] -= gain;
  load_[most] -= gain;
  if (share_[static_cast<std::size_t>(from)] == 0) deactivate(from);
  return true;
}

int ActiveSlots::slot(int expert, std::uint32_t nth) const {
  const auto& slots = placement_.replicas(layer_, expert);
  std::uint32_t upto = 0;
  for (const int slot : slots) {
    upto += share_[static_cast<std::size_t>(slot)];
    if (nth < upto) return slot;
  }
  return slots.back();
}

std::uint32_t ActiveSlots::most_loaded() const {
  return *std::max_element(load_.begin(), load_.end());
}

void check_active_slots(const Placement& placement, int active) {
  const std::vector<std::uint32_t> one(static_cast<std::size_t>(placement.experts()), 1);
  for (int layer = 0; layer < placement.layers(); ++layer)
    static_cast<void>(ActiveSlots(placement, layer, active, one));
}

}  // namespace moescope::runtime
