// SM allocation: which SMs communication and compute hold over time, recorded or inferred.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/analysis/spans/device_key.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

enum class SmMethod : std::uint8_t {
  Recorded,    ///< ids that the recorded program wrote (the default)
  BlockTrace,  ///< ids of Nsight's block trace
  Inferred,    ///< no ids: from grid sizes
};
const char* to_string(SmMethod method);  ///< "recorded", "block_trace", "inferred"

/// SMs held from `begin` until the next step, by class; the rest up to sm_count is free.
struct SmStep {
  TimeNs begin = 0;
  std::uint16_t comm = 0, compute = 0;  ///< SMs, clipped to the SM count
  std::array<std::uint16_t, kSpanClassCount>
      by_class{};  ///< SMs by SpanClass, sums to comm + compute
};

struct SmAllocation {
  DeviceKey key;
  SmMethod method = SmMethod::Inferred;
  int sm_count = 0;
  std::vector<std::string> caveats;  ///< shown beside every figure of this result
  TimeRange range;                   ///< first start to last end of GPU work (or the window)
  std::vector<SmStep> steps;         ///< ascending; the first begins at range.begin
  TimeNs steps_cell = 0;  ///< above 0: there were too many steps; these are means over this length
  std::int64_t comm_sm_ns = 0, compute_sm_ns = 0, free_sm_ns = 0;  ///< SM x ns
  TimeNs oversubscribed = 0;  ///< ns during which demand exceeded sm_count
  /// ns during which communication cannot share an SM with the compute beside it, so that the split
  /// is exact; see formats: exclusivity test.
  TimeNs exact = 0;
  std::map<std::pair<int, int>, TimeNs> time_at;  ///< (comm SMs, compute SMs) -> ns
};

/// One result per device that has GPU work and a known SM count, ordered as devices_with_work().
/// A device without a known SM count has no result, nor one whose times span more SM x ns than 64
/// bits hold (years). Throws Cancelled.
std::vector<SmAllocation> analyze_sm_allocation(const Trace& trace, const Classification& classes,
                                                std::optional<TimeRange> window = {},
                                                Progress& progress = no_progress());

/// The result of analyze_sm_allocation() for one device; nullopt when there is none. Throws
/// Cancelled.
std::optional<SmAllocation> analyze_sm_allocation_of(const Trace& trace,
                                                     const Classification& classes,
                                                     const DeviceKey& key,
                                                     std::optional<TimeRange> window = {},
                                                     Progress& progress = no_progress());

/// Blocks of `launch` that fit one SM of `device` together: registers, shared memory, warps and
/// block slots; 0 when one block does not fit or nothing is known.
int blocks_per_sm(const LaunchConfig& launch, const Device& device);

}  // namespace moescope
