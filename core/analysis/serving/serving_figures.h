// Figures of requests and steps: latencies, throughput and the share that met its targets.
#pragma once

#include <optional>
#include <vector>

#include "core/analysis/serving/serving.h"

namespace moescope {

/// A request is within its targets when it meets both; without a TPOT only TTFT counts.
struct ServingTargets {
  TimeNs ttft = 1'000'000'000;
  TimeNs tpot = 100'000'000;
  friend bool operator==(const ServingTargets&, const ServingTargets&) = default;
};
bool within_targets(const ServedRequest& request, const ServingTargets& targets);

/// Figures of the requests that finished in `range`. Rates are per second.
struct ServingFigures {
  TimeRange range;
  std::size_t requests = 0;
  double requests_per_second = 0, prompt_tokens_per_second = 0, output_tokens_per_second = 0;
  std::optional<TimeNs> ttft_p50, ttft_p95, tpot_p50, tpot_p95;  ///< nullopt: nothing to measure
  std::optional<double> within_percent;
  std::size_t prefill_steps = 0, decode_steps = 0;  ///< that began in `range`
};

/// `requests` in order of `done`, `steps` in order of `begin`.
ServingFigures serving_figures(const Serving& serving, const ServingTargets& targets,
                               TimeRange range);
/// The same for consecutive windows of `length` ns, aligned to multiples of it, from the first
/// that holds something to the last; at most `most`, the latest ones.
std::vector<ServingFigures> serving_windows(const Serving& serving, const ServingTargets& targets,
                                            TimeNs length, std::size_t most = 10000);

}  // namespace moescope
