// Memory of processes on other hosts, reached by messages.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "gpu/comm/memory/notify_event.h"

namespace moescope::runtime {

/// Steady clock of another process minus the own one, to within +- error; ns.
struct ClockOffset {
  std::int64_t offset = 0, error = 0;
};

/// A place is named by its address in the stand-in that Processes::allocate() gives for the memory
/// of another process; nothing is ever read there. Requests of one process to another are executed
/// in order. `check` is called now and then during a wait; what it throws ends the wait.
class RemoteMemory {
 public:
  using Check = std::function<void()>;
  struct Fetch {
    const void* place = nullptr;
    std::span<std::byte> out;
  };

  virtual ~RemoteMemory() = default;
  virtual void put(const void* place, std::span<const std::byte> bytes) = 0;
  /// Adds to a counter, then rings a notify event beside it unless that is nullptr.
  virtual void add(const std::atomic<std::uint64_t>& counter, std::uint64_t value,
                   const NotifyEvent* event) = 0;
  /// Waits for all of them.
  virtual void get(std::span<const Fetch> fetches, const Check& check) = 0;

  /// A mailbox; every process makes the same ones in the same order.
  virtual int add_mailbox() = 0;
  virtual void post(int to, int mailbox, std::span<const std::byte> message) = 0;
  virtual std::vector<std::byte> take(int from, int mailbox, const Check& check) = 0;

  /// Notifies all processes that the run has failed. A process keeps the first reason that it
  /// receives.
  virtual void fail(const std::string& reason) noexcept = 0;
  virtual bool failed() const = 0;
  virtual std::string failure() const = 0;

  /// As measured by the first process when the run was set up, and lately.
  virtual ClockOffset clock_at_start(int process) const = 0;
  virtual ClockOffset clock_now(int process) const = 0;
};

}  // namespace moescope::runtime
