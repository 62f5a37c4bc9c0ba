#include "gpu/engine/placement/slot_table.h"

#include <algorithm>
#include <map>

namespace moescope::runtime {
namespace {

/// Holders of an expert of a layer: (member, place), ascending.
using Holders = std::vector<std::pair<int, int>>;

Holders holders_of(const SlotTable& table, int layer, int expert) {
  Holders result;
  const int per_rank = table.placement.slots_per_rank();
  for (int slot = 0; slot < table.placement.slots(); ++slot)
    if (table.placement.expert(layer, slot) == expert)
      result.emplace_back(
          slot / per_rank,
          table.places[static_cast<std::size_t>(slot / per_rank)][static_cast<std::size_t>(layer)]
                      [static_cast<std::size_t>(slot % per_rank)]);
  return result;
}

/// Orders moves so that neighbours in the list use different members: rounds of disjoint pairs.
std::vector<Move> in_rounds(std::vector<Move> moves) {
  std::vector<Move> result;
  while (!moves.empty()) {
    std::vector<int> sending, receiving;
    std::vector<Move> later;
    for (const Move& move : moves) {
      const auto busy = [](const std::vector<int>& members, int member) {
        return std::find(members.begin(), members.end(), member) != members.end();
      };
      if (busy(sending, move.from) || busy(receiving, move.to)) {
        later.push_back(move);
        continue;
      }
      sending.push_back(move.from);
      receiving.push_back(move.to);
      result.push_back(move);
    }
    moves.swap(later);
  }
  return result;
}

/// Makes the moves of one plan change.
class Mover {
 public:
  Mover(const SlotTable& now, const Placement& next, int places_of_pool, int members_per_node)
      : now_(now), next_(next), per_node_(members_per_node) {
    const auto members = static_cast<std::size_t>(next.ranks());
    for (int member = 0; member < next.ranks(); ++member)
      free_.push_back(now.free_places(member, places_of_pool));
    sent_.resize(members);
    plan_.table = {now.epoch + 1, next, {}};
    plan_.table.places.resize(members);
    for (auto& layers : plan_.table.places) layers.resize(static_cast<std::size_t>(next.layers()));
  }

  void keep_layer(int layer) {
    const auto l = static_cast<std::size_t>(layer);
    for (std::size_t member = 0; member < now_.places.size(); ++member)
      plan_.table.places[member][l] = now_.places[member][l];
  }
  void change_layer(int layer) {
    for (int member = 0; member < next_.ranks(); ++member) {
      std::map<int, int> here;  // place of each expert on this member
      for (int i = 0; i < next_.slots_per_rank() && plan_.fits; ++i) {
        const int expert = next_.expert(layer, member * next_.slots_per_rank() + i);
        const auto [it, fresh] = here.try_emplace(expert, 0);
        if (fresh) it->second = place_for(layer, expert, member);
        plan_.table.places[static_cast<std::size_t>(member)][static_cast<std::size_t>(layer)]
            .push_back(it->second);
      }
    }
  }
  MovePlan take() {
    if (!plan_.fits) return {{0, next_, {}}, {}, false};
    plan_.moves = in_rounds(std::move(plan_.moves));
    return std::move(plan_);
  }

 private:
  int place_for(int layer, int expert, int member) {
    const Holders holders = holders_of(now_, layer, expert);
    for (const auto& [holder, place] : holders)
      if (holder == member) return place;
    auto& free = free_[static_cast<std::size_t>(member)];
    if (free.empty()) {
      plan_.fits = false;
      return 0;
    }
    const auto cost = [&](const std::pair<int, int>& holder) {
      const bool remote = holder.first / per_node_ != member / per_node_;
      return std::pair{remote, sent_[static_cast<std::size_t>(holder.first)]};
    };
    const auto source =
        *std::min_element(holders.begin(), holders.end(),
                          [&](const auto& a, const auto& b) { return cost(a) < cost(b); });
    ++sent_[static_cast<std::size_t>(source.first)];
    plan_.moves.push_back({layer, expert, member, free.front(), source.first, source.second});
    free.erase(free.begin());
    return plan_.moves.back().place;
  }

  const SlotTable& now_;
  const Placement& next_;
  int per_node_;
  std::vector<std::vector<int>> free_;  ///< by member
  std::vector<int> sent_;               ///< copies by source
  MovePlan plan_{{0, next_, {}}, {}, true};
};

}  // namespace

SlotTable SlotTable::first(Placement placement) {
  SlotTable table{0, std::move(placement), {}};
  const int per_rank = table.placement.slots_per_rank(), layers = table.placement.layers();
  for (int member = 0; member < table.placement.ranks(); ++member) {
    auto& of_member = table.places.emplace_back();
    for (int layer = 0; layer < layers; ++layer) {
      auto& row = of_member.emplace_back();
      for (int i = 0; i < per_rank; ++i) row.push_back(layer * per_rank + i);
    }
  }
  return table;
}

std::vector<int> SlotTable::free_places(int member, int places_of_pool) const {
  std::vector<bool> used(static_cast<std::size_t>(places_of_pool));
  for (const auto& layer : places[static_cast<std::size_t>(member)])
    for (const int place : layer) used[static_cast<std::size_t>(place)] = true;
  std::vector<int> free;
  for (int place = 0; place < places_of_pool; ++place)
    if (!used[static_cast<std::size_t>(place)]) free.push_back(place);
  return free;
}

MovePlan plan_moves(const SlotTable& now, const Placement& next, const std::vector<int>& layers,
                    int places_of_pool, int members_per_node) {
  Mover mover(now, next, places_of_pool, members_per_node);
  for (int layer = 0; layer < next.layers(); ++layer)
    if (std::find(layers.begin(), layers.end(), layer) == layers.end())
      mover.keep_layer(layer);
    else
      mover.change_layer(layer);
  return mover.take();
}

}  // namespace moescope::runtime
