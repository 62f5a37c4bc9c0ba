// An event that threads of several processes can wait on when it lies in memory that they share.
#pragma once

#include <atomic>
#include <cstdint>

namespace moescope::runtime {

/// All members are lock-free atomics, so that zeroed shared memory holds a valid event.
class NotifyEvent {
 public:
  /// Wakes all waiters. They see everything stored before.
  void notify() noexcept;
  /// Sleeps until ready() is true; calls idle(), which may throw, about ten times per second.
  template <typename Ready, typename Idle>
  void wait(const Ready& ready, const Idle& idle) {
    if (ready()) return;
    const Waiting here(waiters_);
    for (;;) {
      const std::uint32_t seen = notified_.load();
      if (ready()) return;
      if (!sleep(seen)) idle();
    }
  }

 private:
  struct Waiting {
    explicit Waiting(std::atomic<std::uint32_t>& count) : count_(count) { ++count_; }
    ~Waiting() { --count_; }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    std::atomic<std::uint32_t>& count_;
  };
  /// Until the next notify() after `seen`; false when the time is up.
  bool sleep(std::uint32_t seen) noexcept;

  std::atomic<std::uint32_t> notified_{0}, waiters_{0};
};

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace moescope::runtime
