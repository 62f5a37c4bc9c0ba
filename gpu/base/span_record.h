// What a rank does and when, as it is logged and recorded.
#pragma once

#include <cstdint>

namespace moescope::runtime {

/// Names as they appear in recordings; the built-in rules of core/analysis/spans/classify match
/// them.
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
  DispatchPlan,  ///< dynamic redundancy: counts gathered, active replicas solved
  PlanCopy,      ///< copies of expert weights to a spare place
  Layer,         ///< a whole layer of one micro-batch, as annotation
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
/// compute, communication, experts; then the KV hand-over and the copies of plan changes.
inline constexpr int kLogStreams = 5;
inline constexpr int kKvStream = 3, kPlanStream = 4;

}  // namespace moescope::runtime
