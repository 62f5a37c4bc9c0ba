// Messages from one thread to another, which may be of another process that sees the same memory.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace moescope::runtime {

/// One sender, one receiver. A pipe is a view of its memory: each side makes its own.
class Pipe {
 public:
  static std::size_t bytes();
  /// `memory`: bytes() of them, zeroed at first. `check` is called now and then while a side waits
  /// for the other; what it throws ends the wait.
  Pipe(std::span<std::byte> memory, std::function<void()> check);

  /// Waits while the pipe is full; messages may be longer than the pipe.
  void send(std::span<const std::byte> message);
  std::vector<std::byte> receive();

 private:
  struct State;
  void put(std::span<const std::byte> bytes);
  void get(std::span<std::byte> bytes);

  State* state_;
  std::span<std::byte> ring_;
  std::function<void()> check_;
};

}  // namespace moescope::runtime
