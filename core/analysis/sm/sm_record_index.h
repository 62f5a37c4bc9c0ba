// Which SMs of a device run blocks at a given time, from recorded blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/analysis/spans/device_key.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// What one SM does at a given time.
struct SmCell {
  int blocks = 0;
  /// Kernel of most of the blocks (the latest started among equals); 0 when the record names none.
  StringId kernel = 0;
  std::optional<SpanClass> span_class;  ///< of that kernel
};

/// Index over the recorded blocks of one device. Immutable; refers to the records of the trace,
/// which must outlive it.
class SmRecordIndex {
 public:
  /// Throws Cancelled, Error (the records of a damaged file).
  SmRecordIndex(const Trace& trace, const Classification& classes, const DeviceKey& key,
                Progress& progress);
  bool empty() const { return blocks_.empty(); }
  /// One cell for each of `sm_count` SMs at `time`; records of higher SM ids are left out.
  std::vector<SmCell> at(TimeNs time, int sm_count) const;

 private:
  struct Block {
    const SmRecord* record;
    std::uint32_t kernel;  ///< index into kernels_, 0 = unknown
  };
  struct Kernel {
    StringId name = 0;
    std::optional<SpanClass> span_class;
  };
  static constexpr std::size_t kGroup = 256;

  std::vector<Block> blocks_;     ///< by start
  std::vector<TimeNs> last_end_;  ///< latest end of every kGroup blocks
  std::vector<Kernel> kernels_;
};

}  // namespace moescope
