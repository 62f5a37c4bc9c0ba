#include "gpu/base/span_record.h"

#include <array>
#include <cstddef>

namespace moescope::runtime {

const char* to_string(SpanName name) {
  constexpr std::array<const char*, kSpanNames> names = {"attention",
                                                         "attention all-gather",
                                                         "attention all-gather wait",
                                                         "attention reduce-scatter",
                                                         "attention reduce-scatter wait",
                                                         "dense mlp",
                                                         "gate",
                                                         "shared_expert",
                                                         "dispatch",
                                                         "dispatch forward",
                                                         "dispatch wait",
                                                         "experts",
                                                         "combine",
                                                         "combine reduce",
                                                         "combine wait",
                                                         "lm_head",
                                                         "kv hand-over",
                                                         "dispatch plan",
                                                         "plan copy",
                                                         "layer"};
  return names.at(static_cast<std::size_t>(name));
}

}  // namespace moescope::runtime
