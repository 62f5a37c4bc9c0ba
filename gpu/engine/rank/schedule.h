// In which order the streams of a rank do the parts of a step.
#pragma once

#include <cstdint>
#include <vector>

#include "gpu/base/unit_kind.h"

namespace moescope::runtime {

/// Parts of a layer. Attend: sum of the layer before, attention, gate (dense layers: their MLP).
enum class Part : std::uint8_t { Attend, Dispatch, Experts, Combine, Head };

/// One part of one micro-batch. It may begin when its micro-batch has reached stage `needs`, and
/// brings it to `reaches`.
struct Item {
  Part part = Part::Attend;
  int layer = 0;
  int micro_batch = 0;
  int needs = 0, reaches = 0;
  int turn = -1;  ///< serial steps: parts run strictly in this order, over all streams
};

/// Streams of a rank, the first of StreamId.
inline int streams_of(UnitKind kind) {
  return kind == UnitKind::Decode ? 3 : 2;
}

/// The orders of all streams; index by StreamId.
struct Schedule {
  std::vector<Item> streams[kStreams];
};

/// How two micro-batches of a decode unit go past each other. Prefill goes part by part.
enum class DecodeOrder : std::uint8_t {
  AttentionAgainstRest,  ///< attention of one against dispatch, experts and combine of the other
  PartByPart,  ///< as prefill: better when attention takes less than all of these together
};

/// A step of `micro_batches` over `layers` layers, the first `dense_layers` without experts.
/// Overlapped: prefill runs attention and experts of one micro-batch against dispatch and combine
/// of the other; decode runs attention of one against dispatch, experts and combine of the other.
/// Serial: one part at a time.
Schedule make_schedule(UnitKind kind, bool overlap, int micro_batches, int layers, int dense_layers,
                       DecodeOrder order = DecodeOrder::AttentionAgainstRest);

}  // namespace moescope::runtime
