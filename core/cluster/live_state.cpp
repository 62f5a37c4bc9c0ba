#include "core/cluster/live_state.h"

#include <array>

namespace moescope {

const char* to_string(LiveState state) {
  constexpr std::array names = {"idle",     "connecting", "live", "waiting",
                                "stopping", "lost",       "ended"};
  return names.at(static_cast<std::size_t>(state));
}

}  // namespace moescope
