// Activity of a thread of a rank, for detecting ranks that hang.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace moescope::runtime {

/// Written by the thread that it is about, read by another.
struct Activity {
  std::atomic<std::int32_t> thread{0};   ///< as the kernel numbers it; 0: not started
  std::atomic<std::uint64_t> begun{0};   ///< parts of steps that it has begun
  std::atomic<bool> busy{false};         ///< inside one
  std::atomic<std::int32_t> waiting{0};  ///< for other ranks
  std::atomic<bool> waited{false};       ///< in the part that it is in
  /// Longest part without waiting, ns.
  std::atomic<std::int64_t> longest{0};

  /// Activity of the calling thread; nullptr: it is not watched.
  static inline thread_local Activity* current = nullptr;
};

/// The calling thread, whose activity this is, is inside a part of a step as long as this lives.
class InsidePart {
 public:
  explicit InsidePart(Activity& activity)
      : activity_(activity), begin_(std::chrono::steady_clock::now()) {
    activity_.waited.store(false, std::memory_order_relaxed);
    activity_.begun.fetch_add(1, std::memory_order_relaxed);
    activity_.busy.store(true, std::memory_order_relaxed);
  }
  ~InsidePart() {
    activity_.busy.store(false, std::memory_order_relaxed);
    if (activity_.waited.load(std::memory_order_relaxed)) return;
    const std::int64_t took =
        std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin_).count();
    if (took > activity_.longest.load(std::memory_order_relaxed))
      activity_.longest.store(took, std::memory_order_relaxed);
  }
  InsidePart(const InsidePart&) = delete;
  InsidePart& operator=(const InsidePart&) = delete;

 private:
  Activity& activity_;
  std::chrono::steady_clock::time_point begin_;
};

/// The calling thread waits for others as long as this lives.
class WaitsForOthers {
 public:
  WaitsForOthers() {
    if (activity_ == nullptr) return;
    activity_->waited.store(true, std::memory_order_relaxed);
    activity_->waiting.fetch_add(1, std::memory_order_relaxed);
  }
  ~WaitsForOthers() {
    if (activity_ != nullptr) activity_->waiting.fetch_sub(1, std::memory_order_relaxed);
  }
  WaitsForOthers(const WaitsForOthers&) = delete;
  WaitsForOthers& operator=(const WaitsForOthers&) = delete;

 private:
  Activity* activity_ = Activity::current;
};

}  // namespace moescope::runtime
