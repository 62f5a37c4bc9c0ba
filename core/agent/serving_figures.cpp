#include "core/agent/serving_figures.h"

#include <cmath>
#include <cstdint>
#include <optional>

namespace moescope {
namespace {

constexpr double kMostCounted = 9007199254740992.0;  // 2^53: doubles count no further

std::optional<double> possible(const std::optional<double>& value, double most) {
  return value && std::isfinite(*value) && *value >= 0 && *value <= most ? value : std::nullopt;
}

std::optional<std::uint64_t> count_of(const std::optional<double>& value) {
  const auto count = possible(value, kMostCounted);
  return count ? std::optional(static_cast<std::uint64_t>(*count)) : std::nullopt;
}

/// A latency, which is 0 in a status when it is not known.
double latency_of(const std::optional<double>& value) {
  return possible(value, kMostCounted).value_or(0);
}

}  // namespace

void add_serving(const ScrapedEngine& engine, NodeStatus& status) {
  status.waiting = count_of(engine.waiting);
  status.decoding = count_of(engine.running);
  status.cache_use = possible(engine.cache_use, 1);
  status.ttft_p50 = latency_of(engine.ttft_p50);
  status.ttft_p95 = latency_of(engine.ttft_p95);
  status.tpot_p50 = latency_of(engine.tpot_p50);
  status.tpot_p95 = latency_of(engine.tpot_p95);
  const auto tokens = possible(engine.tokens_per_second, kMostCounted);
  if (tokens && !status.units.empty()) status.units.front().tokens_per_second = *tokens;
  std::string missing;
  const auto miss = [&](bool known, const char* what) {
    if (!known) missing += (missing.empty() ? "" : ", ") + std::string(what);
  };
  miss(status.decoding.has_value(), "running requests");
  miss(status.waiting.has_value(), "waiting requests");
  miss(status.cache_use.has_value(), "KV cache");
  miss(status.ttft_p95 > 0, "TTFT");
  miss(status.tpot_p95 > 0, "TPOT");
  miss(tokens.has_value(), "tokens per second");
  if (status.ttft_p95 > 0 || status.tpot_p95 > 0)
    status.notices.push_back("TTFT and TPOT are those of all requests since the engine's start");
  if (!missing.empty()) status.notices.push_back("the engine's metrics do not tell: " + missing);
}

}  // namespace moescope
