// Any bytes as the metrics of an engine: an Error, or figures of which a status takes the possible
// ones only.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/agent/serving_figures.h"
#include "core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace moescope;
  try {
    const auto reading = read_metrics({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (reading.samples.empty() || reading.samples.size() > kMaxMetricSamples) std::abort();
    const ScrapedEngine engine = engine_of(reading);
    NodeStatus status;
    status.units.emplace_back();
    add_serving(engine, status);
    for (const double value : {status.cache_use.value_or(0), status.ttft_p50, status.ttft_p95,
                               status.tpot_p50, status.tpot_p95, status.units[0].tokens_per_second})
      if (!std::isfinite(value) || value < 0) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
