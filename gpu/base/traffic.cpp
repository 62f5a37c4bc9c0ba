#include "gpu/base/traffic.h"

namespace moescope::runtime {

const char* to_string(Link link) {
  constexpr std::array names = {"same_gpu", "nvlink", "ib"};
  return names.at(static_cast<std::size_t>(link));
}

const char* to_string(Purpose purpose) {
  constexpr std::array names = {"dispatch", "forward", "combine",    "kv_cache",
                                "weights",  "control", "all_gather", "reduce_scatter"};
  return names.at(static_cast<std::size_t>(purpose));
}

}  // namespace moescope::runtime
