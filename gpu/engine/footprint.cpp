#include "gpu/engine/footprint.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "gpu/compute/kv_cache.h"
#include "gpu/engine/layout.h"
#include "gpu/engine/rank/schedule.h"
#include "gpu/engine/unit/probe.h"
#include "gpu/model/attention_shard.h"

namespace moescope::runtime {
namespace {

constexpr int kMicroBatches = 2;
/// Threads beside those of ranks: loops, recorder, plans, the wire to viewers.
constexpr double kOtherThreads = 64;

/// Windows of one rank for one micro-batch.
double exchange_bytes(const ExchangeWire& wire) {
  double bytes = 0;
  for (int window = 0; window < kExchangeWindows; ++window)
    bytes += static_cast<double>(wire.window_bytes(static_cast<ExchangeWindow>(window)));
  return bytes;
}

double unit_exchange(const EngineOptions& o, const ModelConfig& config, UnitKind kind) {
  const int top_k = config.top_k + (o.route_shared ? 1 : 0);
  ExchangeWire wire;
  wire.group = {0, o.ranks / 2, o.nodes};
  wire.shape = {config.hidden, top_k, o.max_tokens, 1};
  wire.dispatch = kind == UnitKind::Prefill ? DispatchMode::PerNode : DispatchMode::Direct;
  wire.combine = o.combine;
  double bytes = kMicroBatches * exchange_bytes(wire);
  wire.shape.max_tokens = std::min(o.max_tokens, kProbeRows);
  wire.combine = CombineMode::Ordered;
  bytes += exchange_bytes(wire);
  // Gathered rows and sums of heads have windows at all ranks, those of the other unit included.
  const double rows = o.tp > 1 ? static_cast<double>(o.tp) * o.max_tokens : 0;
  const double gathered = rows * (2.0 * config.hidden + 2.0 * o.tp) * sizeof(float);
  return (bytes + 2 * kMicroBatches * gathered) * o.ranks / 2;
}

/// Streams and further workers of all ranks.
double rank_threads(const EngineOptions& o) {
  double threads = 0;
  for (const UnitKind kind : {UnitKind::Prefill, UnitKind::Decode})
    threads += static_cast<double>(o.ranks) / 2 *
               std::max(o.budget.workers, streams_of(kind));  // a stream is one of the workers
  return threads;
}

/// True when so many ranks fit.
bool fits(EngineOptions options, int ranks, const ModelConfig& config, int slots, int all_slots,
          const LayoutHost& host, const HostLimits& limits) {
  options.ranks = ranks;
  options.kv_pages = EngineOptions().kv_pages;
  options.max_tokens = EngineOptions().max_tokens;
  fit_to_ranks(options);
  // Fewer ranks hold more slots each.
  const int per_rank = std::max(slots, (all_slots + ranks / 2 - 1) / (ranks / 2));
  const Footprint print = footprint(options, config, per_rank, host);
  return print.memory() <= limits.memory && print.threads <= limits.threads;
}

/// Largest number of ranks below the asked one that fits and that nodes and groups divide; 0: none.
int most_ranks(const EngineOptions& options, const ModelConfig& config, int slots,
               const LayoutHost& host, const HostLimits& limits) {
  const int step = 2 * options.nodes * options.tp, all = std::max(config.experts, 1);
  int good = 0, bad = options.ranks / step;
  while (bad - good > 1) {
    const int middle = good + (bad - good) / 2;
    (fits(options, middle * step, config, slots, all, host, limits) ? good : bad) = middle;
  }
  return good * step;
}

}  // namespace

Footprint footprint(const EngineOptions& o, const ModelConfig& config, int slots_per_rank,
                    const LayoutHost& host) {
  const double ranks = o.ranks, share = 1.0 / host.hosts;
  Footprint print;
  print.weights = host.processes * config.weight_bytes();
  if (o.tp > 1)  // heads of attention, split again for the ranks of a group, in both units
    print.weights +=
        2.0 * host.processes * sizeof(float) * config.layers * config.attention_parameters();
  const int width = std::max(config.expert_width, o.route_shared ? config.shared_width() : 0);
  const double place = 3.0 * sizeof(float) * config.hidden * width;
  const double copies = host.processes * host.hosts > 1
                            ? static_cast<double>(config.moe_layers()) * slots_per_rank
                            : 0;
  print.slots = share * ranks * place * (copies + spare_places(o, config, slots_per_rank));
  print.caches = share * ranks *
                 static_cast<double>(
                     KvCache::bytes(attention_shard(config, o.tp), o.kv_pages + Probe::pages()));
  print.exchange = share * (unit_exchange(o, config, UnitKind::Prefill) +
                            unit_exchange(o, config, UnitKind::Decode));
  if (host.recorded)
    print.records = share * static_cast<double>(RankLogs::bytes(static_cast<std::size_t>(o.ranks)));
  print.threads = share * rank_threads(o) + host.processes * kOtherThreads;
  print.stacks = print.threads * kThreadStack;
  return print;
}

std::string to_string(const Footprint& f) {
  constexpr double kGiga = 1e9;
  return fmt::format(
      "{:.1f} GB of memory ({:.1f} weights, {:.1f} copies of experts, {:.1f} KV caches, {:.1f} "
      "dispatch and combine, {:.1f} records, {:.1f} stacks) and {:.0f} threads",
      f.memory() / kGiga, f.weights / kGiga, f.slots / kGiga, f.caches / kGiga, f.exchange / kGiga,
      f.records / kGiga, f.stacks / kGiga, f.threads);
}

void check_footprint(const EngineOptions& options, const ModelConfig& config, int slots_per_rank,
                     const LayoutHost& host, const HostLimits& limits) {
  const Footprint print = footprint(options, config, slots_per_rank, host);
  const bool memory = print.memory() > limits.memory;
  if (!memory && print.threads <= limits.threads) return;
  const std::string left = memory ? fmt::format("{:.1f} GB of memory are free", limits.memory / 1e9)
                                  : fmt::format("{:.0f} threads are left", limits.threads);
  const int most = most_ranks(options, config, slots_per_rank, host, limits);
  throw Error("layout", "--ranks",
              fmt::format("{} ranks may take {}; {}", options.ranks, to_string(print), left),
              most > 0 ? fmt::format("give at most --ranks {}", most) : "use a smaller model");
}

}  // namespace moescope::runtime
