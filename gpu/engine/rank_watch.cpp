#include "gpu/engine/rank_watch.h"

#include <algorithm>
#include <utility>

namespace moescope::runtime {

StreamWatch::StreamWatch(const Activity& activity,
                         std::function<std::vector<std::int64_t>()> threads, Look look)
    : activity_(activity), threads_(std::move(threads)), look_(std::move(look)) {}

void StreamWatch::forget(std::int64_t now) {
  since_ = quiet_since_ = now;
  doubted_ = false;
}

std::optional<StreamWatch::Finding> StreamWatch::look(std::int64_t now) {
  const std::uint64_t begun = activity_.begun.load(std::memory_order_relaxed);
  if (begun != begun_ || !activity_.busy.load(std::memory_order_relaxed) ||
      activity_.waiting.load(std::memory_order_relaxed) > 0) {
    begun_ = begun;
    forget(now);
    return std::nullopt;
  }
  if (now - since_ < kDoubt) return std::nullopt;
  double used = 0;
  bool held_up = false;
  for (const std::int64_t thread : threads_()) {
    const auto state = look_(thread);
    if (!state) continue;
    used += state->processor;
    held_up = held_up || state->held_up();
  }
  if (!std::exchange(doubted_, true)) {
    used_ = used_at_doubt_ = used;
    quiet_since_ = now;
    return std::nullopt;
  }
  if (held_up || used > used_) quiet_since_ = now;
  used_ = used;
  if (now - quiet_since_ >= kQuiet) return Finding{HangReason::Blocked, since_};
  const double longest =
      static_cast<double>(activity_.longest.load(std::memory_order_relaxed)) / 1e9;
  if (begun > kHistory && used - used_at_doubt_ >= std::max(kSpin, kLonger * longest))
    return Finding{HangReason::Computes, since_};
  return std::nullopt;
}

}  // namespace moescope::runtime
