// What an engine's own metrics add to what its ranks report.
#pragma once

#include <string>

#include "core/cluster/scrape/engine_figures.h"
#include "core/node/node_status.h"

namespace moescope {

/// Fills requests, KV cache, latencies and tokens per second of `status` as far as they are told;
/// a notice names what is not. A figure that cannot be, such as a negative number of requests,
/// counts as not told: metrics are not trusted.
void add_serving(const ScrapedEngine& engine, NodeStatus& status);

}  // namespace moescope
