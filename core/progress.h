// Progress and cancellation of long-running work. Threads of one job share one Progress.
#pragma once

#include <atomic>
#include <functional>
#include <string_view>

#include "core/error.h"

namespace moescope {

/// Passed by reference into everything that may take over 0.3 s.
class Progress {
 public:
  using Listener = std::function<void(double fraction, std::string_view what)>;

  Progress() = default;
  explicit Progress(Listener listener) : listener_(std::move(listener)) {}

  /// Reports progress. `fraction` is in [0, 1]. Throws Cancelled once cancel() was called. The
  /// listener is called on the calling thread; only one thread of a job may call report().
  void report(double fraction, std::string_view what) {
    check();
    if (listener_) listener_(fraction, what);
  }
  /// Throws Cancelled once cancel() was called; cheap, for inner loops and worker threads.
  void check() const {
    if (cancelled()) throw Cancelled();
  }
  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

 private:
  Listener listener_;
  std::atomic<bool> cancelled_{false};
};

/// A Progress that nobody listens to and nobody cancels, for short work.
inline Progress& no_progress() {
  static Progress none;
  return none;
}

}  // namespace moescope
