// A bounded queue from one thread to another without locks; what does not fit is counted.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moescope::runtime {

/// One writer, one reader. Several threads may write when something else orders their writes.
template <typename T>
class Ring {
 public:
  /// Holds at least `capacity` entries.
  explicit Ring(std::size_t capacity) : slots_(std::bit_ceil(capacity)) {}

  void push(const T& value) noexcept {
    const auto head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == slots_.size()) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    slots_[head & (slots_.size() - 1)] = value;
    head_.store(head + 1, std::memory_order_release);
  }
  /// Moves what is there to the end of `out`.
  void drain(std::vector<T>& out) {
    const auto head = head_.load(std::memory_order_acquire);
    auto tail = tail_.load(std::memory_order_relaxed);
    for (; tail != head; ++tail) out.push_back(slots_[tail & (slots_.size() - 1)]);
    tail_.store(tail, std::memory_order_release);
  }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  std::vector<T> slots_;
  std::atomic<std::uint64_t> head_{0}, tail_{0}, dropped_{0};
};

}  // namespace moescope::runtime
