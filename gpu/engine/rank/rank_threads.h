// The threads of a rank, for detecting ranks that hang.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "gpu/comm/memory/activity.h"

namespace moescope::runtime {

struct StreamThreads {
  const Activity* activity = nullptr;
  /// The stream's own thread and those of its workers, as they are when it is called.
  std::function<std::vector<std::int64_t>()> threads;
};

struct RankThreads {
  int rank = 0;  ///< of the address space
  std::vector<StreamThreads> streams;
};

}  // namespace moescope::runtime
