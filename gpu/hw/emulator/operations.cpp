// Threads, warps, blocks and flags.
#include "gpu/hw/emulator/operations.h"

#include <fmt/format.h>

#include "gpu/base/clock.h"
#include "gpu/hw/emulator/machine.h"
#include "gpu/hw/emulator/thread_sanitizer.h"

namespace moescope::runtime::hw {
namespace {

Warp& warp_of(Thread& self) {
  return self.machine->block(self).warps[static_cast<std::size_t>(self.thread / kWarp)];
}

/// All lanes of a warp come here before any goes on; gives what they agreed on is number so-and-so.
std::uint64_t meet(Thread& self, std::uint64_t value, const char* operation, Site site) {
  Machine& machine = *self.machine;
  machine.maybe_switch(self);
  Warp& warp = warp_of(self);
  if (warp.alive < kWarp) machine.fail(self, "a lane of the warp has ended", site);
  if (warp.arrived == 0) {
    warp.site = site;
    warp.operation = operation;
  } else if (warp.site.line() != site.line() || std::strcmp(warp.operation, operation) != 0) {
    machine.fail(self,
                 fmt::format("{} while others of the warp are at {} in line {}", operation,
                             warp.operation, warp.site.line()),
                 site);
  }
  const std::uint64_t meeting = warp.meeting;
  warp.values[meeting % 2][static_cast<std::size_t>(self.thread % kWarp)] = value;
  if (++warp.arrived == kWarp) {
    warp.arrived = 0;
    ++warp.meeting;
    machine.wake(warp.waiters);
  } else {
    machine.wait(self, warp.waiters, operation, site);
  }
  return meeting;
}

}  // namespace

int thread() {
  return current().thread;
}
int threads() {
  return current().machine->grid().threads;
}
int block() {
  return current().block;
}
int blocks() {
  return current().machine->grid().blocks;
}
std::uint16_t sm() {
  return static_cast<std::uint16_t>(current().machine->grid().first_sm + current().block);
}
std::int64_t time() {
  return steady_now();
}
std::byte* shared() {
  return current().machine->block(current()).shared;
}

void sync_block(Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  Machine& machine = *self.machine;
  if (machine.left_out(Order::BlockSync, site)) return;
  machine.maybe_switch(self);
  Block& own = machine.block(self);
  if (own.arrived == 0)
    own.site = site;
  else if (own.site.line() != site.line())
    machine.fail(self,
                 fmt::format("sync_block while others of the block are at the one in line {}",
                             own.site.line()),
                 site);
  released(&own.order);
  if (++own.arrived == own.alive) {
    own.arrived = 0;
    machine.wake(own.waiters);
  } else {
    machine.wait(self, own.waiters, "sync_block", site);
  }
  acquired(&own.order);
}

void sync_warp(Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  if (self.machine->left_out(Order::WarpSync, site)) return;
  Warp& warp = warp_of(self);
  released(&warp.order);
  meet(self, 0, "sync_warp", site);
  acquired(&warp.order);
}

std::uint64_t exchange_words(std::uint64_t value, int from, const char* operation, Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  if (from < 0 || from >= kWarp) self.machine->fail(self, "there is no such lane", site);
  const std::uint64_t meeting = meet(self, value, operation, site);
  return warp_of(self).values[meeting % 2][static_cast<std::size_t>(from)];
}

bool compare_and_swap(std::uint32_t* at, std::uint32_t expected, std::uint32_t desired) {
  return __atomic_compare_exchange_n(at, &expected, desired, false, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED);
}

void signal(std::uint64_t* flag, Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  Machine& machine = *self.machine;
  machine.maybe_switch(self);
  if (machine.left_out(Order::Signal, site)) return;
  released(flag);
  __atomic_fetch_add(flag, 1, __ATOMIC_RELEASE);
  machine.wake(machine.flag_waiters());
  machine.maybe_switch(self);
}

bool await(std::uint64_t* flag, std::uint64_t value, Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  Machine& machine = *self.machine;
  if (machine.left_out(Order::Await, site)) return true;
  machine.maybe_switch(self);
  while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) < value)
    if (!machine.wait(self, machine.flag_waiters(), "await", site)) return false;
  acquired(flag);
  return true;
}

}  // namespace moescope::runtime::hw
