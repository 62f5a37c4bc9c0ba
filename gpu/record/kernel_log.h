// How what kernels wrote about themselves becomes records of the ranks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/base/kernel_record.h"
#include "gpu/record/rank_log.h"

namespace moescope::runtime {

/// The GPU's clock read between two readings of the steady clock, ns.
struct ClockSample {
  std::int64_t before = 0, gpu = 0, after = 0;
};

/// Steady clock = GPU clock + offset, to within +- error.
struct GpuClock {
  std::int64_t offset = 0, error = 0;
  std::int64_t tick = 0;  ///< smallest step that was seen; 0: not measured
};

/// From the sample that took least time. At least one is needed.
GpuClock fit_clock(std::span<const ClockSample> samples);

/// Gives every launch a span and every block a worker record with its SM, and every rank the layer
/// of the step that its launches make up. `logs` by KernelStamp::rank.
void log_kernels(std::vector<KernelRecord> records, const GpuClock& clock,
                 std::span<RankLog* const> logs);

}  // namespace moescope::runtime
