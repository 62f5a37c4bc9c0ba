#include "gpu/comm/memory/notify_event.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

namespace moescope::runtime {
namespace {

constexpr long kSleepNs = 100'000'000;

/// Not the private variant: waiters may be in other processes.
long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           const timespec* time) {
  return ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), operation, value, time,
                   nullptr, 0);
}

}  // namespace

void NotifyEvent::notify() noexcept {
  ++notified_;
  // A waiter that is not counted yet reads notified_ after this and sees what was stored.
  if (waiters_.load() > 0) futex(notified_, FUTEX_WAKE, INT_MAX, nullptr);
}

bool NotifyEvent::sleep(std::uint32_t seen) noexcept {
  const timespec time{0, kSleepNs};
  return futex(notified_, FUTEX_WAIT, seen, &time) == 0 || errno != ETIMEDOUT;
}

}  // namespace moescope::runtime
