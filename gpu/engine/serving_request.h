// A request that is being served.
#pragma once

#include "gpu/engine/serving.h"

namespace moescope::runtime {

struct Serving::Active {
  Request request;
  int group = 0;  ///< attention group of the unit it is in
  int micro_batch = 0;
  KvSequence sequence;
  std::vector<int> output;
  std::int64_t arrival = 0, first_token = 0;
  std::int64_t pages_there = 0;  ///< when the decode unit has its keys and values
  int prompt_length() const { return static_cast<int>(request.prompt.size()); }
};

/// Sampled rows that were taken from each group's micro-batches.
using SampledRows = std::vector<std::array<int, kMaxMicroBatches>>;

}  // namespace moescope::runtime
