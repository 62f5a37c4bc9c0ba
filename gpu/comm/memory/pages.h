// Zeroed memory that is not committed before it is touched.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace moescope::runtime {

class Pages {
 public:
  Pages() = default;
  /// Begins on a page. Throws std::runtime_error when there is no address space left.
  explicit Pages(std::size_t bytes);
  Pages(Pages&& other) noexcept : memory_(std::exchange(other.memory_, {})) {}
  Pages& operator=(Pages&& other) noexcept {
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~Pages();

  std::span<std::byte> memory() const { return memory_; }
  /// Gives back the whole pages inside `part` of such memory; they are zero when next touched.
  static void give_back(std::span<std::byte> part);

 private:
  std::span<std::byte> memory_;
};

}  // namespace moescope::runtime
