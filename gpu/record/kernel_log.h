// What kernels write about themselves while they run, and how it becomes records of the ranks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/record/rank_log.h"

namespace moescope::runtime {

/// Which launch a record belongs to.
struct KernelStamp {
  std::uint32_t step = 0;
  std::uint32_t launch = 0;  ///< counts the launches of a backend
  std::int16_t layer = -1;
  std::uint16_t rank = 0;  ///< index of its log
  std::uint8_t name = 0;   ///< SpanName
  std::uint8_t stream = 0;
};

/// No SM: the kernel is of a library that does not say where it runs.
inline constexpr std::uint16_t kNoSm = 0xFFFF;

/// One block of threads, or one end of a library's kernels.
struct KernelRecord {
  std::int64_t begin = 0, end = 0;  ///< ns of the GPU's clock
  KernelStamp stamp;
  std::uint16_t sm = kNoSm;
};

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
/// of the step that its launches make up.
void log_kernels(std::vector<KernelRecord> records, const GpuClock& clock, RankLogs& logs);

}  // namespace moescope::runtime
