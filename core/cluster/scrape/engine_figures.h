// What an engine's own metrics say of its serving, under the names that it has for them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/cluster/scrape/metrics_reading.h"

namespace moescope {

/// nullopt: the engine offers no such figure. Names change between versions: each is looked for.
struct ScrapedEngine {
  std::string engine;  ///< "sglang", "vllm"; empty: neither
  std::string model;   ///< as the label `model_name` has it
  std::size_t samples = 0, skipped = 0;
  std::optional<double> running, waiting;    ///< requests
  std::optional<double> tokens_per_second;   ///< generated
  std::optional<double> generated_tokens;    ///< since the start
  std::optional<double> cache_use;           ///< share of the KV cache in use, mean of ranks
  std::optional<double> ttft_p50, ttft_p95;  ///< s, since the start
  std::optional<double> tpot_p50, tpot_p95;  ///< s, likewise
  std::optional<double> balancedness;        ///< mean / max, as the engine computes it
  std::vector<std::string> missing;          ///< what the plugin would add, a sentence each
};
ScrapedEngine engine_of(const MetricsReading& reading);

/// Value below which a share `q` of a histogram lies, between its bounds; nullopt when it is empty.
/// Several label sets are added up.
std::optional<double> histogram_quantile(const MetricsReading& reading, const std::string& name,
                                         double q);

/// GET of `address`, "http://HOST:PORT" with or without a path (/metrics). Throws Error when nobody
/// answers within 10 s, the answer is not 200 or is larger than kMaxMetricsText.
MetricsReading scrape(const std::string& address);

}  // namespace moescope
