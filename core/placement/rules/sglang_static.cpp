#include "core/placement/rules/sglang_static.h"

#include <algorithm>
#include <map>

namespace moescope {
namespace {

constexpr std::uint32_t kSeed = 42;

}  // namespace

int nearest_slot(const std::vector<int>& slots, int gpu, int slots_per_gpu, int gpus_per_node) {
  if (slots.size() == 1) return slots.front();
  int on_node = -1;
  std::size_t count = 0;
  for (const int slot : slots) {
    const int host = slot / slots_per_gpu;
    if (host == gpu) return slot;
    if (host / gpus_per_node != gpu / gpus_per_node) continue;
    if (count++ == 0) on_node = slot;
  }
  return count < slots.size() ? on_node : -1;
}

SglangStatic::SglangStatic(int gpus, int nodes)
    : gpus_(gpus),
      gpus_per_node_(gpus / nodes),
      random_(kSeed),
      places_(static_cast<std::size_t>(gpus), 0) {}

void SglangStatic::draw(int replicas, int ranks, std::size_t& place, std::vector<int>& out) {
  out.clear();
  for (int i = 0; i < ranks / replicas * replicas; ++i) out.push_back(i % replicas);
  random_.sample(replicas, ranks % replicas, place, out);
  random_.shuffle(out, place);
}

void SglangStatic::choose(const std::vector<int>& slots, std::size_t expert, int slots_per_gpu,
                          std::vector<std::vector<int>>& choice) {
  drawing_.clear();
  for (int g = 0; g < gpus_; ++g) {
    const int nearest = nearest_slot(slots, g, slots_per_gpu, gpus_per_node_);
    choice[static_cast<std::size_t>(g)][expert] = nearest;
    if (nearest < 0) drawing_.push_back(g);
  }
  made_.clear();
  for (std::size_t i = 0; i < drawing_.size(); ++i) {
    const auto g = static_cast<std::size_t>(drawing_[i]);
    auto made = std::find_if(made_.begin(), made_.end(),
                             [&](const Made& m) { return m.before == places_[g]; });
    if (made == made_.end()) {
      made = made_.insert(made_.end(), {places_[g], places_[g], {}});
      draw(static_cast<int>(slots.size()), static_cast<int>(drawing_.size()), made->after,
           made->choices);
    }
    choice[g][expert] = slots[static_cast<std::size_t>(made->choices[i])];
    places_[g] = made->after;
  }
}

void SglangStatic::add_row(const std::vector<int>& row, int experts,
                           std::vector<std::vector<int>>& choice) {
  const auto slots_of = slots_of_experts(row, experts);
  const int per_gpu = static_cast<int>(row.size()) / gpus_;
  choice.assign(static_cast<std::size_t>(gpus_), std::vector<int>(slots_of.size(), -1));
  for (std::size_t e = 0; e < slots_of.size(); ++e)
    if (!slots_of[e].empty()) choose(slots_of[e], e, per_gpu, choice);
}

std::vector<SglangRow> sglang_rows(const Plan& plan) {
  std::map<int, int> layer_of;
  for (int l = 0; l < plan.layers(); ++l) layer_of[plan.layer_id(l)] = l;
  std::vector<SglangRow> rows;
  const int last = layer_of.empty() ? -1 : layer_of.rbegin()->first;
  for (int id = 0; id <= last; ++id) {
    const auto found = layer_of.find(id);
    if (found == layer_of.end())
      rows.push_back({-1, trivial_row(plan.num_experts, plan.slot_count())});
    else
      rows.push_back(
          {found->second, plan.physical_to_logical[static_cast<std::size_t>(found->second)]});
  }
  return rows;
}

}  // namespace moescope
