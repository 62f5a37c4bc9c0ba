// What kernels write about themselves while they run.
#pragma once

#include <cstdint>

namespace moescope::runtime {

/// Which launch a record belongs to.
struct KernelStamp {
  std::uint32_t step = 0;
  std::uint32_t launch = 0;  ///< counts the launches of a unit
  std::int16_t layer = -1;
  std::uint16_t rank = 0;  ///< index of its log
  std::uint8_t name = 0;   ///< SpanName
  std::uint8_t stream = 0;
  std::int8_t micro_batch = 0;
  std::int32_t tokens = 0;  ///< rows worked on, as far as the host knows
};

/// No SM: the kernel is of a library that does not say where it runs.
inline constexpr std::uint16_t kNoSm = 0xFFFF;

/// One block of threads, or one end of a library's kernels.
struct KernelRecord {
  std::int64_t begin = 0, end = 0;  ///< ns of the GPU's clock
  KernelStamp stamp;
  std::uint16_t sm = kNoSm;
};

/// Where blocks write their records; what does not fit is only counted.
struct LogView {
  KernelRecord* records = nullptr;  ///< nullptr: nothing is recorded
  std::uint32_t* count = nullptr;   ///< of all, also those that did not fit
  std::uint32_t capacity = 0;
};

}  // namespace moescope::runtime
