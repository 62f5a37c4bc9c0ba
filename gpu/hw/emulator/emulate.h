// Runs a kernel on the CPU: every thread of its grid is a fiber, and a random one goes on at each
// operation of the hardware. What an operation leaves undone is done late. See docs/emulator.md.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>

namespace moescope::runtime::hw {

/// Threads of a kernel, as it is launched.
struct Grid {
  int blocks = 1;
  int threads = 256;  ///< of a block, a multiple of 32
  std::size_t shared_bytes = 0;
  bool cooperative = false;  ///< all blocks are resident together; else a random number of them is
  int first_sm = 0;          ///< block b runs on SM first_sm + b
};

/// What a synchronising operation orders.
enum class Order : std::uint8_t {
  BlockSync,
  WarpSync,
  BarrierInitFence,
  BarrierArrive,
  BarrierWait,
  BulkWait,
  MatrixFence,
  MatrixWait,
  Signal,
  Await,
};
const char* to_string(Order order);

/// A synchronising operation in the text of a kernel.
struct Edge {
  Order order = Order::BlockSync;
  std::string file;  ///< without folders
  unsigned line = 0;
  friend auto operator<=>(const Edge&, const Edge&) = default;
};
std::string to_string(const Edge& edge);

struct Emulation {
  std::uint64_t seed = 0;           ///< of the order of threads and of what lands when
  std::set<Edge>* edges = nullptr;  ///< takes all operations that ran
  const Edge* without = nullptr;    ///< an operation that does nothing: a test must then fail
};

/// Calls `body` for every thread of the grid; the operations of gpu/hw say which one it is. Throws
/// Error for what a GPU forbids or what would hang there, naming file, line, block and thread.
/// Several threads may emulate kernels at once.
void emulate(const Grid& grid, const Emulation& emulation, const std::function<void()>& body);

}  // namespace moescope::runtime::hw
