// What one rank leaves behind while it runs, until the recorder fetches it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "gpu/record/ring.h"

namespace moescope::runtime {

/// Names as they stand in recordings; the built-in rules of core/analysis/classify know them.
enum class SpanName : std::uint8_t {
  Attention,
  AllGather,  ///< attention: rows of the tensor-parallel group
  AllGatherWait,
  ReduceScatter,  ///< attention: sum of the heads of all its ranks
  ReduceScatterWait,
  Dense,
  Gate,
  SharedExpert,
  Dispatch,
  DispatchForward,
  DispatchWait,
  Experts,
  Combine,
  CombineReduce,
  CombineWait,
  Head,
  KvHandOver,
  Layer,  ///< a whole layer of one micro-batch, as annotation
};
inline constexpr int kSpanNames = static_cast<int>(SpanName::Layer) + 1;
const char* to_string(SpanName name);

struct SpanRecord {
  std::int64_t begin = 0, end = 0;  ///< ns of the steady clock
  SpanName name = SpanName::Attention;
  std::int16_t layer = -1;       ///< model layer, -1: none
  std::int8_t micro_batch = -1;  ///< -1: none
  std::uint32_t step = 0;
  std::int32_t tokens = 0;        ///< rows worked on
  std::uint32_t correlation = 0;  ///< joins worker records; 0: none
  std::uint64_t nvlink_bytes = 0, ib_bytes = 0;
};

struct WorkerRecord {
  std::int64_t begin = 0, end = 0;
  std::uint32_t worker = 0;
  std::uint32_t correlation = 0;
};

inline constexpr int kMaxMicroBatches = 2;
inline constexpr int kLogStreams = 4;  ///< compute, communication, experts, kv hand-over

/// Rings of one rank. Those of a stream are written by the thread of that stream, one of a
/// micro-batch by whoever finished its layer.
struct RankLog {
  explicit RankLog(std::size_t capacity) {
    for (int i = 0; i < kLogStreams; ++i) streams.emplace_back(capacity);
    for (int i = 0; i < kMaxMicroBatches; ++i) micro_batches.emplace_back(capacity);
    for (int i = 0; i < kLogStreams; ++i) workers.emplace_back(4 * capacity);
  }
  std::uint32_t next_correlation() {
    return correlation.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  std::deque<Ring<SpanRecord>> streams, micro_batches;
  std::deque<Ring<WorkerRecord>> workers;  ///< by stream
  std::atomic<std::uint32_t> correlation{0};
};

}  // namespace moescope::runtime
