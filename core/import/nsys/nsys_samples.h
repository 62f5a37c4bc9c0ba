// Sampled GPU metrics, counters of generic events and block traces of an Nsight Systems export.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/import/nsys/nsys_target.h"

namespace moescope::nsys {

/// GPU_METRICS and GENERIC_EVENTS as counter series, times minus `origin`. Rows that cannot be used
/// are counted in `counts`.
std::vector<CounterSeries> read_counters(const Database& database, const Strings& strings,
                                         const std::vector<DeviceUse>& devices, std::int64_t origin,
                                         EventCounts& counts);

/// Earliest sample of the counters, for files without any span.
std::optional<std::int64_t> first_sample(const Database& database);

/// CUPTI_ACTIVITY_KIND_BLOCK_TRACE as SM records, times minus `origin`.
std::vector<SmRecord> read_block_trace(const Database& database,
                                       const std::map<ProcessKey, ProcessId>& processes,
                                       std::int64_t origin, EventCounts& counts);

}  // namespace moescope::nsys
