// A bounded queue from one thread to another without locks; what does not fit is counted. It may
// lie in memory that two processes share, or be read from afar.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace moescope::runtime {

/// One writer, one reader. Several threads may write when something else orders their writes. A
/// ring is a view of its memory: every process makes its own, of zeroed memory at first.
template <typename T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// Bytes for at least `capacity` entries, a multiple of 64.
  static std::size_t bytes(std::size_t capacity) {
    return (sizeof(Counts) + std::bit_ceil(capacity) * sizeof(T) + 63) / 64 * 64;
  }
  Ring(std::span<std::byte> memory, std::size_t capacity)
      : counts_(reinterpret_cast<Counts*>(memory.data())),
        slots_(reinterpret_cast<T*>(memory.data() + sizeof(Counts))),
        mask_(std::bit_ceil(capacity) - 1) {
    if (memory.size() < bytes(capacity)) throw std::length_error("too little memory for a ring");
  }
  /// In memory of its own.
  explicit Ring(std::size_t capacity) : Ring(std::vector<std::byte>(bytes(capacity)), capacity) {}

  void push(const T& value) noexcept {
    const auto head = counts_->head.load(std::memory_order_relaxed);
    if (head - counts_->tail.load(std::memory_order_acquire) > mask_) {
      counts_->dropped.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    slots_[head & mask_] = value;
    counts_->head.store(head + 1, std::memory_order_release);
  }
  /// Moves what is there to the end of `out`.
  void drain(std::vector<T>& out) {
    const auto head = counts_->head.load(std::memory_order_acquire);
    auto tail = counts_->tail.load(std::memory_order_relaxed);
    for (; tail != head; ++tail) out.push_back(slots_[tail & mask_]);
    counts_->tail.store(tail, std::memory_order_release);
  }
  /// How much of it is taken, 0 to 1.
  double fullness() const {
    const auto tail = counts_->tail.load(std::memory_order_relaxed);
    const auto head = counts_->head.load(std::memory_order_relaxed);
    return static_cast<double>(head - tail) / static_cast<double>(capacity());
  }
  std::uint64_t dropped() const { return counts_->dropped.load(std::memory_order_relaxed); }

  /// As they lie in memory, for who reads a ring of a process that shares no memory.
  struct Figures {
    std::uint64_t head = 0, tail = 0, dropped = 0;
  };
  const void* figures_place() const { return counts_; }
  const void* tail_place() const { return &counts_->tail; }
  const T* entry_place(std::uint64_t index) const { return slots_ + (index & mask_); }
  std::uint64_t capacity() const { return mask_ + 1; }
  /// Of the ring that this one stands in for.
  void set_dropped(std::uint64_t count) {
    counts_->dropped.store(count, std::memory_order_relaxed);
  }

 private:
  struct Counts {
    std::atomic<std::uint64_t> head{0}, tail{0}, dropped{0};
    std::byte rest[64 - 3 * sizeof(std::uint64_t)]{};  ///< entries begin on a cache line
  };
  Ring(std::vector<std::byte> own, std::size_t capacity) : Ring(std::span(own), capacity) {
    own_ = std::move(own);
  }

  std::vector<std::byte> own_;
  Counts* counts_;
  T* slots_;
  std::size_t mask_;
};

}  // namespace moescope::runtime
