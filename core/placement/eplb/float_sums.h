// Sums in single precision in the order in which other libraries add: counts above 2^24 round on
// the way, and the order decides which of two nearly equal groups is the heavier one.
#pragma once

#include <span>

namespace moescope {

/// torch.sum of one contiguous row on an x86 CPU: four interleaved runs of 8 lanes.
float torch_sum(std::span<const float> values);
/// numpy.sum of one contiguous row: pairwise, blocks of 128 in eight interleaved runs.
float numpy_sum(std::span<const float> values);

}  // namespace moescope
