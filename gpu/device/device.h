// What units with kernels run on: memory and a queue of launches, on a GPU or emulated.
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>

#include "gpu/base/kernel_record.h"
#include "gpu/base/memory.h"
#include "gpu/base/team.h"
#include "gpu/base/unit_kind.h"
#include "gpu/kernels/kernels.h"

namespace moescope::runtime {

/// How and as what a kernel is launched.
struct KernelRun {
  int blocks = 1;
  int first_sm = 0;  ///< of emulated SMs, one block each; a GPU decides for itself
  LogView log;
  KernelStamp stamp;
};

/// Launches and copies that are done in their order. Calls may return before; used by one thread.
class Queue {
 public:
  virtual ~Queue() = default;
  template <typename Kernel>
  void launch(const Kernel& kernel, const KernelRun& run) {
    start(KernelNumber<Kernel>::value, &kernel, run);
  }
  /// From host memory, which may change after the call.
  virtual void upload(void* to, const void* from, std::size_t bytes) = 0;
  /// Inside the device.
  virtual void copy(void* to, const void* from, std::size_t bytes) = 0;
  /// Waits for all of it. Throws Error for what went wrong.
  virtual void finish() = 0;

 protected:
  virtual void start(KernelId id, const void* kernel, const KernelRun& run) = 0;
};

/// Any thread may call it.
class Device {
 public:
  virtual ~Device() = default;
  virtual std::string name() const = 0;
  /// Memory that is given back with the returned object. Its copies do not wait for queues.
  virtual std::unique_ptr<Memory> memory() = 0;
  virtual std::unique_ptr<Queue> queue() = 0;
  /// Warps of a block.
  virtual int warps() const = 0;
  /// Blocks that a launch may have at most.
  virtual int most_blocks() const = 0;
  /// ns to add to times of kernels for those of the steady clock.
  virtual std::int64_t clock_offset() = 0;
};

/// SMs that a rank computes or communicates with: the size of its grids.
class DeviceTeam final : public Team {
 public:
  DeviceTeam(int rank, StreamId stream, int first_sm, int sms)
      : rank_(rank), stream_(stream), first_sm_(first_sm), sms_(sms) {}
  static const DeviceTeam& of(const Team& team) { return dynamic_cast<const DeviceTeam&>(team); }

  int rank() const { return rank_; }
  StreamId stream() const { return stream_; }
  int first_sm() const { return first_sm_; }
  int size() const override { return sms_; }
  /// Kernels split their work themselves.
  void split(int, const std::function<void(int, int)>&) override {
    throw std::logic_error("the workers of a device run no code of the host");
  }

 private:
  int rank_;
  StreamId stream_;
  int first_sm_, sms_;
};

}  // namespace moescope::runtime
