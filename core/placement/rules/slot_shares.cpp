#include "core/placement/rules/slot_shares.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "core/error.h"
#include "core/placement/rules/sglang_static.h"
#include "core/placement/split.h"

namespace moescope {
namespace {

using Index = std::size_t;

std::vector<std::vector<int>> slots_of_layer(const Plan& plan, Index layer) {
  return slots_of_experts(plan.physical_to_logical[layer], plan.num_experts);
}

/// Places of a map that are kept in memory.
constexpr std::int64_t kMaxPlaces = std::int64_t{1} << 28;

/// [rank][layer][expert], -1 everywhere. Throws Error when it is too large.
DispatchMap empty_map(const Plan& plan) {
  if (std::int64_t{plan.num_gpus} * plan.layers() * plan.num_experts > kMaxPlaces)
    throw Error("", "rule",
                fmt::format("{} GPUs, {} layers and {} experts are more than a rule of ranks is "
                            "followed for",
                            plan.num_gpus, plan.layers(), plan.num_experts),
                "Choose equal shares", "--dispatch even");
  return DispatchMap(
      static_cast<Index>(plan.num_gpus),
      std::vector<std::vector<int>>(static_cast<Index>(plan.layers()),
                                    std::vector<int>(static_cast<Index>(plan.num_experts), -1)));
}

DispatchMap static_map(const Plan& plan) {
  // Every rank shuffles the choices of all ranks.
  if (plan.num_gpus > kMostStaticGpus)
    throw Error("", rule_name(ReplicaRule::SglangStatic),
                fmt::format("is followed for up to {} GPUs, the plan has {}", kMostStaticGpus,
                            plan.num_gpus),
                "Choose another rule", "--dispatch dynamic");
  DispatchMap map = empty_map(plan);
  SglangStatic rule(plan.num_gpus, plan.num_nodes);
  std::vector<std::vector<int>> choice;
  for (const SglangRow& row : sglang_rows(plan)) {
    rule.add_row(row.row, plan.num_experts, choice);
    if (row.layer < 0) continue;
    for (Index rank = 0; rank < map.size(); ++rank)
      map[rank][static_cast<Index>(row.layer)] = choice[rank];
  }
  return map;
}

/// Calls set(slots of an expert, rank) -> slot for all.
template <typename Choose>
DispatchMap map_of(const Plan& plan, Choose choose) {
  DispatchMap map = empty_map(plan);
  for (Index l = 0; l < static_cast<Index>(plan.layers()); ++l) {
    const auto slots = slots_of_layer(plan, l);
    for (Index rank = 0; rank < map.size(); ++rank)
      for (Index e = 0; e < slots.size(); ++e)
        if (!slots[e].empty()) map[rank][l][e] = choose(slots[e], static_cast<int>(rank));
  }
  return map;
}

DispatchMap modulo_map(const Plan& plan) {
  return map_of(plan, [](const std::vector<int>& slots, int rank) {
    return slots[static_cast<Index>(rank) % slots.size()];
  });
}

DispatchMap nearest_map(const Plan& plan) {
  return map_of(plan, [&plan](const std::vector<int>& slots, int rank) {
    return nearest_slot(slots, rank, plan.slots_per_gpu(), plan.gpus_per_node());
  });
}

SlotShares equal_shares(const Plan& plan) {
  SlotShares shares;
  for (const auto& row : plan.physical_to_logical) {
    const auto counts = replica_counts(row, plan.num_experts);
    auto& layer = shares.emplace_back(row.size(), 0.0);
    for (Index s = 0; s < row.size(); ++s)
      if (row[s] >= 0) layer[s] = 1.0 / counts[static_cast<Index>(row[s])];
  }
  return shares;
}

SlotShares best_shares(const Plan& plan, const LayerLoads& loads) {
  SlotShares shares;
  for (Index l = 0; l < loads.size(); ++l)
    shares.push_back(
        best_split(plan.physical_to_logical[l], loads[l], plan.slots_per_gpu()).weight);
  return shares;
}

/// Share of an expert's tokens that each rank sends; those of dead GPUs are 0.
class Sources {
 public:
  Sources(const Plan& plan, const SourceLoads& by_source) : by_source_(by_source) {
    for (int g = 0; g < plan.num_gpus; ++g)
      equal_.push_back(plan.dead(g) ? 0.0 : 1.0 / plan.live_gpus());
  }

  void read(Index layer, Index expert, std::vector<double>& shares) const {
    shares = equal_;
    if (by_source_.empty()) return;
    double sum = 0;
    for (Index rank = 0; rank < equal_.size(); ++rank)
      if (equal_[rank] > 0) sum += by_source_[layer][rank][expert];
    if (!(sum > 0)) return;
    for (Index rank = 0; rank < equal_.size(); ++rank)
      if (equal_[rank] > 0) shares[rank] = by_source_[layer][rank][expert] / sum;
  }

 private:
  const SourceLoads& by_source_;
  std::vector<double> equal_;
};

/// Tokens follow the map; where it has no slot they are spread over all slots of the expert.
SlotShares shares_of_map(const Plan& plan, const DispatchMap& map, const SourceLoads& by_source) {
  const Sources sources(plan, by_source);
  SlotShares shares;
  std::vector<double> sent;
  for (Index l = 0; l < static_cast<Index>(plan.layers()); ++l) {
    auto& layer = shares.emplace_back(plan.physical_to_logical[l].size(), 0.0);
    const auto slots = slots_of_layer(plan, l);
    for (Index e = 0; e < slots.size(); ++e) {
      if (slots[e].empty()) continue;
      sources.read(l, e, sent);
      double spread = 0;
      for (Index rank = 0; rank < map.size(); ++rank) {
        const int slot = map[rank][l][e];
        (slot < 0 ? spread : layer[static_cast<Index>(slot)]) += sent[rank];
      }
      for (const int slot : slots[e])
        layer[static_cast<Index>(slot)] += spread / static_cast<double>(slots[e].size());
    }
  }
  return shares;
}

}  // namespace

void require_sources_fit(const Plan& plan, const SourceLoads& by_source) {
  if (by_source.empty()) return;
  if (static_cast<int>(by_source.size()) != plan.layers())
    throw Error("", "loads by source rank",
                fmt::format("they have {} layers, the plan {}", by_source.size(), plan.layers()),
                "Give loads of the MoE layers that the plan is for");
  for (Index l = 0; l < by_source.size(); ++l) {
    const bool fits =
        static_cast<int>(by_source[l].size()) == plan.num_gpus &&
        std::all_of(by_source[l].begin(), by_source[l].end(), [&](const auto& experts) {
          return static_cast<int>(experts.size()) == plan.num_experts;
        });
    if (!fits)
      throw Error("", fmt::format("loads by source rank, layer {}", l),
                  fmt::format("are not of {} ranks and {} experts, as the plan has", plan.num_gpus,
                              plan.num_experts),
                  "Give loads that were recorded with as many ranks");
  }
}

SlotShares slot_shares(const Plan& plan, ReplicaRule rule, const RuleLoads& loads) {
  if (rule_facts(rule).by_source) require_sources_fit(plan, loads.by_source);
  switch (rule) {
    case ReplicaRule::Best:
    case ReplicaRule::SglangLp:
      require_loads_fit(plan, loads.loads);
      return best_shares(plan, loads.loads);
    case ReplicaRule::SglangStatic:
      return shares_of_map(plan, static_map(plan), loads.by_source);
    case ReplicaRule::SglangDynamic:
      return shares_of_map(plan, nearest_map(plan), loads.by_source);
    case ReplicaRule::AscendModulo:
      return shares_of_map(plan, modulo_map(plan), loads.by_source);
    case ReplicaRule::Weights:
      return plan.replica_weight.empty() ? equal_shares(plan) : plan.replica_weight;
    case ReplicaRule::Even:
    case ReplicaRule::VllmHash:
    case ReplicaRule::TrtllmEven:
      break;
  }
  return equal_shares(plan);
}

std::vector<double> imbalances_under(const Plan& plan, ReplicaRule rule, const RuleLoads& loads) {
  const SlotShares shares = slot_shares(plan, rule, loads);
  std::vector<double> imbalances;
  for (Index l = 0; l < shares.size(); ++l)
    imbalances.push_back(imbalance_of(
        gpu_loads(plan.physical_to_logical[l], loads.loads[l], plan.num_gpus, shares[l]),
        plan.live_gpus()));
  return imbalances;
}

Plan under_rule(Plan plan, ReplicaRule rule, const RuleLoads& loads) {
  switch (rule) {
    case ReplicaRule::Weights:
      break;
    case ReplicaRule::Even:
    case ReplicaRule::VllmHash:
    case ReplicaRule::TrtllmEven:
      plan.replica_weight.clear();
      break;
    default:
      plan.replica_weight = slot_shares(plan, rule, loads);
  }
  return plan;
}

DispatchMap dispatch_map(const Plan& plan, ReplicaRule rule) {
  switch (rule) {
    case ReplicaRule::SglangStatic:
      return static_map(plan);
    case ReplicaRule::SglangDynamic:
      return nearest_map(plan);
    case ReplicaRule::AscendModulo:
      return modulo_map(plan);
    default:
      throw Error("", rule_name(rule), "has no map from ranks to slots: it decides token by token",
                  "Choose a rule of ranks, such as SGLang's static", "--engine, --dispatch");
  }
}

std::string rule_text(ReplicaRule rule, bool knows_sources) {
  const RuleFacts& facts = rule_facts(rule);
  std::string text = rule_name(rule);
  if (*facts.version != '\0' && rule != ReplicaRule::Weights)
    text += fmt::format(" ({})", facts.version);
  text += fmt::format(": {}", facts.text);
  if (facts.by_source)
    text += knows_sources ? "; tokens of each source rank as recorded"
                          : "; every rank is assumed to send the same share";
  return text;
}

}  // namespace moescope
