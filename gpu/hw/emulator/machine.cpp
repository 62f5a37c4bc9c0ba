#include "gpu/hw/emulator/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "gpu/hw/emulator/thread_sanitizer.h"

namespace moescope::runtime::hw {
namespace {

/// After shared memory; another value there means that a block wrote beyond it.
constexpr std::byte kGuard{0xA7};
constexpr std::size_t kGuardBytes = 256;
/// Start of a swizzled tile of eight rows.
constexpr std::size_t kSharedAlignment = 1024;
/// Not a number, whatever type is read.
constexpr int kPoison = 0xFF;
/// One of so many switches lets a copy land instead, in a launch: from early to not before it must.
constexpr std::array<std::size_t, 4> kSwitchesPerCopy = {2, 16, 256, 1 << 24};
/// One of so many operations lets other threads go on.
constexpr std::size_t kOperationsPerSwitch = 4;

thread_local Thread* running = nullptr;

/// Fibers for reuse: a kernel has thousands of threads.
std::vector<std::unique_ptr<Fiber>>& spare_fibers() {
  thread_local std::vector<std::unique_ptr<Fiber>> spare;
  return spare;
}

std::string_view file_of(const Site& site) {
  const std::string_view path = site.file_name();
  return path.substr(path.rfind('/') + 1);
}

std::string place_of(const Thread& thread, const Site& site) {
  return fmt::format("{}:{}, block {}, thread {}", file_of(site), site.line(), thread.block,
                     thread.thread);
}

std::string thread_text(const Thread& thread) {
  return fmt::format("block {}, thread {}: {} at {}:{}", thread.block, thread.thread,
                     thread.waits_for, file_of(thread.site), thread.site.line());
}

void check_grid(const Grid& grid) {
  if (grid.blocks < 1 || grid.threads < kWarp || grid.threads % kWarp != 0 || grid.threads > 1024)
    throw Error("kernel", "grid", fmt::format("{} blocks of {} threads", grid.blocks, grid.threads),
                "use at least one block of whole warps, at most 1024 threads");
  if (grid.shared_bytes > kMostShared)
    throw Error("kernel", "grid",
                fmt::format("{} bytes of shared memory are more than the {} of a block",
                            grid.shared_bytes, kMostShared));
}

}  // namespace

const char* to_string(Order order) {
  switch (order) {
    case Order::BlockSync:
      return "sync_block";
    case Order::WarpSync:
      return "sync_warp";
    case Order::BarrierInitFence:
      return "barrier_init_fence";
    case Order::BarrierArrive:
      return "barrier_arrive";
    case Order::BarrierWait:
      return "barrier_wait";
    case Order::BulkWait:
      return "bulk_wait";
    case Order::MatrixFence:
      return "matrix_fence";
    case Order::MatrixWait:
      return "matrix_wait";
    case Order::Signal:
      return "signal";
    case Order::Await:
      return "await";
  }
  return "";
}

std::string to_string(const Edge& edge) {
  return fmt::format("{} at {}:{}", to_string(edge.order), edge.file, edge.line);
}

Thread& current() {
  return *running;
}

Machine::Machine(const Grid& grid, const Emulation& emulation, const std::function<void()>& body)
    : grid_(grid),
      emulation_(emulation),
      body_(body),
      random_(static_cast<std::minstd_rand::result_type>(emulation.seed * 2654435761U + 1)) {
  check_grid(grid_);
  const auto count = static_cast<std::size_t>(grid_.blocks);
  most_resident_ = grid_.cooperative ? grid_.blocks : static_cast<int>(random(count)) + 1;
  switches_per_copy_ = kSwitchesPerCopy[random(kSwitchesPerCopy.size())];
  for (int block = 0; block < grid_.blocks; ++block) to_start_.push_back(block);
  std::shuffle(to_start_.begin(), to_start_.end(), random_);
  blocks_.resize(count);
}

void Machine::run() {
  released(&order_);
  const Unchecked unchecked;
  for (;;) {
    while (!to_start_.empty() && resident_ < most_resident_) {
      start_block(to_start_.back());
      to_start_.pop_back();
    }
    if (!error_.empty()) throw Error("kernel", error_place_, error_);
    if (!copies_.empty() && (ready_.empty() || random(switches_per_copy_) == 0))
      land_one();
    else if (!ready_.empty())
      resume_one();
    else if (resident_ > 0)
      resolve_standstill();
    else
      break;
  }
  acquired(&order_);
}

void Machine::start_block(int index) {
  auto block = std::make_unique<Block>();
  block->index = index;
  const std::size_t room = grid_.shared_bytes + kSharedAlignment + kGuardBytes;
  block->memory.reset(new std::byte[room]);
  const auto address = reinterpret_cast<std::uintptr_t>(block->memory.get());
  block->shared = block->memory.get() + (kSharedAlignment - address % kSharedAlignment);
  std::memset(block->shared, kPoison, grid_.shared_bytes);
  std::memset(block->shared + grid_.shared_bytes, static_cast<int>(kGuard), kGuardBytes);
  block->warps.resize(static_cast<std::size_t>(grid_.threads / kWarp));
  block->matrix_units.resize(static_cast<std::size_t>(grid_.threads / kWarpgroup));
  block->alive = grid_.threads;
  auto& spare = spare_fibers();
  for (int number = 0; number < grid_.threads; ++number) {
    Thread& thread = *block->threads.emplace_back(std::make_unique<Thread>());
    if (spare.empty()) spare.push_back(std::make_unique<Fiber>());
    thread.fiber = spare.back().release();
    spare.pop_back();
    thread.machine = this;
    thread.thread = number;
    thread.block = index;
    thread.fiber->start(
        [](void* self) {
          auto& started = *static_cast<Thread*>(self);
          started.machine->run_body(started);
        },
        &thread);
    make_ready(thread);
  }
  blocks_[static_cast<std::size_t>(index)] = std::move(block);
  ++resident_;
}

Machine::~Machine() {
  acquired(&order_);
  for (const auto& block : blocks_)
    if (block)
      for (const auto& thread : block->threads) {
        thread->fiber->abandon();
        spare_fibers().emplace_back(thread->fiber);
      }
}

/// In the fiber of the thread.
void Machine::run_body(Thread& self) {
  acquired(&order_);
  std::optional<std::string> problem;
  try {
    body_();
  } catch (const std::exception& failure) {
    problem = failure.what();
  }
  if (problem) fail(self, *std::move(problem), Site::current());
  released(&order_);
}

void Machine::make_ready(Thread& thread) {
  thread.ready = true;
  thread.ready_at = ready_.size();
  ready_.push_back(&thread);
}

void Machine::remove_ready(Thread& thread) {
  thread.ready = false;
  ready_.back()->ready_at = thread.ready_at;
  std::swap(ready_[thread.ready_at], ready_.back());
  ready_.pop_back();
}

void Machine::resume_one() {
  Thread& thread = *ready_[random(ready_.size())];
  running = &thread;
  thread.fiber->resume();
  running = nullptr;
  if (thread.fiber->done()) end_thread(thread);
}

void Machine::end_thread(Thread& self) {
  remove_ready(self);
  Block& own = block(self);
  Warp& warp = own.warps[static_cast<std::size_t>(self.thread / kWarp)];
  const auto stop = [&](const std::string& what) {
    error_ = what;
    error_place_ = fmt::format("block {}, thread {}", self.block, self.thread);
  };
  if (!self.fiber->intact()) return stop("the stack of an emulated thread is too small");
  --warp.alive;
  if (warp.arrived > 0)
    return stop(fmt::format("ended while others of its warp are at {}:{}", file_of(warp.site),
                            warp.site.line()));
  if (--own.alive > 0) {
    if (own.arrived == own.alive) wake(own.waiters), own.arrived = 0;
    return;
  }
  const std::byte* guard = own.shared + grid_.shared_bytes;
  if (std::any_of(guard, guard + kGuardBytes, [](std::byte b) { return b != kGuard; }))
    return stop("the block wrote beyond its shared memory");
  if (std::any_of(copies_.begin(), copies_.end(),
                  [&](const Copy& copy) { return copy.owner->block == own.index; }))
    return stop("the block ended before its bulk copies had landed");
  for (const auto& thread : own.threads) spare_fibers().emplace_back(thread->fiber);
  blocks_[static_cast<std::size_t>(own.index)].reset();
  --resident_;
}

void Machine::maybe_switch(Thread& self) {
  if (random(kOperationsPerSwitch) == 0) self.fiber->suspend();
}

bool Machine::wait(Thread& self, Waiters& list, const char* what, Site site) {
  self.waits_for = what;
  self.site = site;
  self.gave_up = false;
  remove_ready(self);
  list.push_back(&self);
  self.fiber->suspend();
  return !self.gave_up;
}

void Machine::wake(Waiters& list) {
  for (Thread* thread : list) make_ready(*thread);
  list.clear();
}

void Machine::fail(Thread& self, std::string what, Site site) {
  const Unchecked unchecked;
  error_ = std::move(what);  // nothing on this stack is freed any more
  error_place_ = place_of(self, site);
  for (;;) self.fiber->suspend();
}

bool Machine::left_out(Order order, Site site) {
  if (emulation_.edges == nullptr && emulation_.without == nullptr) return false;
  const Edge edge{order, std::string(file_of(site)), site.line()};
  if (emulation_.edges != nullptr) emulation_.edges->insert(edge);
  return emulation_.without != nullptr && edge == *emulation_.without;
}

void Machine::land_one() {
  const std::size_t index = random(copies_.size());
  std::swap(copies_[index], copies_.back());
  Copy copy = std::move(copies_.back());
  copies_.pop_back();
  acquired(copy.order.get());
  {
    const Checked of_the_kernel;
    copy.land();
  }
  if (copy.barrier != nullptr) {
    released(&copy.barrier->order);
    copy.barrier->bytes -= static_cast<long>(copy.bytes);
    return settle(*copy.barrier);
  }
  released(copy.owner);
  if (--copy.owner->stores == 0) wake(block(*copy.owner).store_waiters);
}

/// Ends the phase of a barrier whose arrivals and bytes are all there.
void Machine::settle(Barrier& barrier) {
  if (barrier.pending > 0 || barrier.bytes != 0) return;
  barrier.phase ^= 1;
  barrier.pending = barrier.expected;
  wake(barrier.waiters);
}

/// Nothing can go on: those who wait for flags only so long give up, for others it is the end.
void Machine::resolve_standstill() {
  if (flag_waiters_.empty()) {
    error_ = standstill();
    error_place_ = "deadlock";
    return;
  }
  for (Thread* thread : flag_waiters_) thread->gave_up = true;
  wake(flag_waiters_);
}

std::string Machine::standstill() const {
  constexpr std::size_t kShown = 4;
  std::string text;
  std::size_t count = 0;
  for (const auto& block : blocks_)
    if (block)
      for (const auto& thread : block->threads)
        if (!thread->fiber->done() && ++count <= kShown)
          text += (count > 1 ? "; " : "") + thread_text(*thread);
  return fmt::format("{} threads wait for ever ({}{})", count, text, count > kShown ? "; ..." : "");
}

void emulate(const Grid& grid, const Emulation& emulation, const std::function<void()>& body) {
  Machine(grid, emulation, body).run();
}

}  // namespace moescope::runtime::hw
