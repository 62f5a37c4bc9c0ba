#include "gpu/engine/unit/unit.h"

#include <algorithm>

#include "gpu/base/clock.h"

namespace moescope::runtime {

std::int64_t arrival_of(Unit& sender, int from, Unit& receiver, int to, Link link,
                        std::size_t bytes) {
  const std::int64_t now = steady_now();
  LinkControl *out = sender.links(), *in = receiver.links();
  if (out == nullptr || in == nullptr) return now;
  return std::max(now, in->arrive(to, out->depart(from, link, bytes, now)));
}

}  // namespace moescope::runtime
