// The state of an emulated kernel, which the operations work on.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "gpu/hw/emulator/emulate.h"
#include "gpu/hw/emulator/fiber.h"
#include "gpu/hw/emulator/matrix_unit.h"
#include "gpu/hw/emulator/site.h"

namespace moescope::runtime::hw {

inline constexpr int kWarp = 32;
/// Shared memory that a block may have, as on sm_90.
inline constexpr std::size_t kMostShared = 232448;

class Machine;

/// A thread of the grid.
struct Thread {
  Fiber* fiber = nullptr;
  Machine* machine = nullptr;
  int thread = 0, block = 0;
  std::size_t ready_at = 0;  ///< index in the list of those that can go on
  bool ready = false;
  bool gave_up = false;  ///< what it waits for cannot come any more
  const char* waits_for = nullptr;
  Site site;
  int stores = 0;  ///< of its bulk copies that have not landed
};

/// Threads that wait for the same thing.
using Waiters = std::vector<Thread*>;

/// Lanes meet in `arrived`; values of one meeting stay until all lanes have come to the next one.
struct Warp {
  int arrived = 0, alive = kWarp;
  std::uint64_t meeting = 0;
  Site site;  ///< of the first to arrive
  const char* operation = nullptr;
  std::array<std::array<std::uint64_t, kWarp>, 2> values{};
  Waiters waiters;
  char order = 0;  ///< for ThreadSanitizer
};

/// An mbarrier.
struct Barrier {
  int expected = 0, pending = 0;
  long bytes = 0;  ///< of copies that have not landed
  int phase = 0;
  Waiters waiters;
  char order = 0;
};

/// A bulk copy that has not landed.
struct Copy {
  std::function<void()> land;
  Barrier* barrier = nullptr;  ///< told on landing, or nullptr
  Thread* owner = nullptr;     ///< likewise
  std::size_t bytes = 0;
  std::uintptr_t to = 0;  ///< begins there
  std::unique_ptr<char> order;
};

struct Block {
  int index = 0;
  std::unique_ptr<std::byte[]> memory;
  std::byte* shared = nullptr;  ///< in it, aligned as swizzled tiles want
  std::vector<std::unique_ptr<Thread>> threads;
  std::vector<Warp> warps;
  int alive = 0, arrived = 0;
  Site site;  ///< of the first at the barrier
  Waiters waiters;
  char order = 0;
  Waiters store_waiters;  ///< for their bulk copies to land
  std::deque<Barrier> barriers;
  std::vector<MatrixUnit> matrix_units;  ///< of every warpgroup
};

/// One launch. Fibers call its members through the operations; all of it runs on one thread.
class Machine {
 public:
  Machine(const Grid& grid, const Emulation& emulation, const std::function<void()>& body);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  void run();

  const Grid& grid() const { return grid_; }
  Block& block(const Thread& thread) { return *blocks_[static_cast<std::size_t>(thread.block)]; }

  /// Another thread may go on before the calling one does.
  void maybe_switch(Thread& self);
  /// Puts the calling thread on a list until somebody wakes it. False when nobody can any more, and
  /// that is not an error.
  bool wait(Thread& self, Waiters& list, const char* what, Site site);
  void wake(Waiters& list);
  /// Ends the launch with an error of the calling thread.
  [[noreturn]] void fail(Thread& self, std::string what, Site site);

  /// True when the operation is to do nothing.
  bool left_out(Order order, Site site);
  void add(Copy copy) { copies_.push_back(std::move(copy)); }
  std::vector<Copy>& copies() { return copies_; }
  Waiters& flag_waiters() { return flag_waiters_; }
  void settle(Barrier& barrier);
  /// Below `bound`.
  std::size_t random(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

 private:
  void start_block(int index);
  void run_body(Thread& self);
  void end_thread(Thread& self);
  void make_ready(Thread& thread);
  void remove_ready(Thread& thread);
  void resume_one();
  void land_one();
  void resolve_standstill();
  std::string standstill() const;

  Grid grid_;
  Emulation emulation_;
  const std::function<void()>& body_;
  std::minstd_rand random_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<int> to_start_;
  int resident_ = 0, most_resident_ = 1;
  std::size_t switches_per_copy_ = 1;
  std::vector<Thread*> ready_;
  Waiters flag_waiters_;
  std::vector<Copy> copies_;
  std::string error_, error_place_;
  char order_ = 0;  ///< launch and end, for ThreadSanitizer
};

/// The thread that runs.
Thread& current();

}  // namespace moescope::runtime::hw
