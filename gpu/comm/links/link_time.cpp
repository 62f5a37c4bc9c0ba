#include "gpu/comm/links/link_time.h"

#include <algorithm>
#include <limits>

namespace moescope::runtime {

std::int64_t LinkTime::take(std::int64_t from, std::int64_t duration) {
  if (duration <= 0) return from;
  taken_ += duration;
  auto next = std::find_if(busy_.begin(), busy_.end(),
                           [from](const Busy& busy) { return busy.end > from; });
  std::int64_t at = from;
  for (;;) {
    const bool last = next == busy_.end();
    const std::int64_t limit = last ? std::numeric_limits<std::int64_t>::max() : next->begin;
    const std::int64_t used = std::min(std::max<std::int64_t>(limit - at, 0), duration);
    if (used > 0) {
      next = busy_.insert(next, {at, at + used}) + 1;
      at += used;
      duration -= used;
    }
    if (duration == 0) break;
    at = next->end;
    ++next;
  }
  join();
  return at;
}

/// Pieces that touch become one, so that few remain.
void LinkTime::join() {
  std::size_t kept = 0;
  for (const Busy& busy : busy_)
    if (kept > 0 && busy_[kept - 1].end >= busy.begin)
      busy_[kept - 1].end = std::max(busy_[kept - 1].end, busy.end);
    else
      busy_[kept++] = busy;
  busy_.resize(kept);
}

void LinkTime::forget(std::int64_t time) {
  std::erase_if(busy_, [time](const Busy& busy) { return busy.end < time; });
}

}  // namespace moescope::runtime
