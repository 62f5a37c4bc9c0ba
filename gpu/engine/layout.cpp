#include "gpu/engine/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/error.h"
#include "gpu/engine/rank/tensor_layout.h"

namespace moescope::runtime {
namespace {

/// The divisor of `number` that is nearest to `wanted`.
int near_divisor(int number, int wanted) {
  int best = 1;
  for (int divisor = 1; divisor <= number; ++divisor)
    if (number % divisor == 0 && std::abs(divisor - wanted) < std::abs(best - wanted))
      best = divisor;
  return best;
}

}  // namespace

void check_layout(const EngineOptions& o, const ModelConfig& config) {
  if (o.ranks < 2 || o.ranks % 2 != 0)
    throw Error("layout", "--ranks",
                fmt::format("{} ranks cannot be split into a prefill and a decode unit", o.ranks),
                "give an even number of ranks");
  if (o.ranks > kMostRanks)
    throw Error(
        "layout", "--ranks",
        fmt::format("{} ranks are more than the {} that a run can have", o.ranks, kMostRanks));
  if (o.nodes < 1 || o.ranks / 2 % o.nodes != 0)
    throw Error("layout", "--nodes",
                fmt::format("the {} ranks of a unit cannot be spread evenly over {} nodes",
                            o.ranks / 2, o.nodes),
                fmt::format("{} nodes would do", near_divisor(o.ranks / 2, o.nodes)));
  check_tensor_parallel(config, {0, o.ranks / 2, o.nodes}, o.tp);
  if (config.moe_layers() == 0) throw Error("layout", "", "the model has no MoE layer");
  check_workload(o.workload, o, config);
}

void check_workload(const WorkloadOptions& workload, const EngineOptions& o,
                    const ModelConfig& config) {
  const int longest = workload.prompt_max + workload.output_max;
  if (longest > o.max_positions || longest > config.max_positions)
    throw Error("workload", "prompt and output",
                fmt::format("together may reach {} tokens, the limit is {}", longest,
                            std::min(o.max_positions, config.max_positions)));
  if (workload.prompt_max > o.group_tokens())
    throw Error("workload", "prompt",
                fmt::format("may have {} tokens, a micro-batch holds {}", workload.prompt_max,
                            o.group_tokens()));
}

std::vector<int> node_table(const EngineOptions& o) {
  std::vector<int> table;
  for (int unit = 0; unit < 2; ++unit)
    for (const int node : Group{0, o.ranks / 2, o.nodes}.node_table()) table.push_back(node);
  return table;
}

std::vector<RecordedRank> recorded_ranks(const EngineOptions& options, const ModelConfig& config) {
  check_layout(options, config);
  const auto nodes = node_table(options);
  std::vector<RecordedRank> ranks;
  for (int rank = 0; rank < options.ranks; ++rank) {
    const UnitKind kind = rank < options.ranks / 2 ? UnitKind::Prefill : UnitKind::Decode;
    const int least = kind == UnitKind::Prefill ? 2 : 3;
    ranks.push_back({rank, nodes[static_cast<std::size_t>(rank)], kind,
                     std::max(options.budget.workers, least)});
  }
  return ranks;
}

std::vector<int> rank_hosts(const EngineOptions& options, const Processes* processes) {
  const int size = options.ranks / 2, count = processes == nullptr ? 1 : processes->size();
  if (count > size)
    throw Error("mpirun", fmt::format("{} processes", count),
                fmt::format("a unit has {} ranks, every process hosts at least one", size),
                "start fewer processes or ask for more --ranks");
  std::vector<int> hosts;
  for (int rank = 0; rank < options.ranks; ++rank)
    hosts.push_back(host_of(rank % size, size, count));
  return hosts;
}

void fit_to_ranks(EngineOptions& o) {
  constexpr int kManyRanks = 64, kPageTokens = 16, kRequests = 4;
  if (o.ranks <= kManyRanks) return;
  const int longest = (o.max_positions + kPageTokens - 1) / kPageTokens;
  o.kv_pages = std::max(o.kv_pages * kManyRanks / o.ranks, kRequests * longest);
  const int prompt = (o.workload.prompt_max + o.tp - 1) / o.tp;
  o.max_tokens = std::max(o.max_tokens * kManyRanks / o.ranks, prompt);
}

PlanFrame plan_frame(const EngineOptions& options) {
  return {options.ranks / 2, options.nodes, options.route_shared, options.active_slots};
}

int spare_places(const EngineOptions& options, const ModelConfig& config, int slots_per_rank) {
  if (options.spare_places >= 0) return options.spare_places;
  constexpr double kLittle = 64 << 20;  // bytes of a rank
  constexpr int kMoreSlots = 2;         // of a rank and layer, that another plan may add
  const int width = std::max(config.expert_width, options.route_shared ? config.shared_width() : 0);
  const double place = 3.0 * sizeof(float) * config.hidden * width;
  const int layer = slots_per_rank + kMoreSlots;
  const int whole = config.moe_layers() * (layer + kMoreSlots);
  return whole * place <= kLittle ? whole : layer;
}

}  // namespace moescope::runtime
