#include "gpu/device/emulated_device.h"

#include <array>
#include <atomic>
#include <cstring>

#include "gpu/hw/emulator/emulate.h"
#include "gpu/kernels/run_kernel.h"

namespace moescope::runtime {
namespace {

/// Few, since every thread of a block costs time to switch to.
constexpr int kWarps = 2;
constexpr int kMostBlocks = 256;

using Start = void (*)(const hw::Grid&, const hw::Emulation&, const void* kernel, const KernelRun&);

template <typename Kernel>
void emulate_kernel(const hw::Grid& grid, const hw::Emulation& emulation, const void* kernel,
                    const KernelRun& run) {
  hw::emulate(grid, emulation,
              [&] { run_kernel(*static_cast<const Kernel*>(kernel), run.log, run.stamp); });
}

/// By KernelId.
constexpr std::array kStarts = {
#define MOESCOPE_KERNEL(name) Start(emulate_kernel<name>),
#include "gpu/kernels/kernels.inc"
#undef MOESCOPE_KERNEL
};

class EmulatedQueue final : public Queue {
 public:
  explicit EmulatedQueue(std::atomic<std::uint64_t>& seed) : seed_(seed) {}

  void upload(void* to, const void* from, std::size_t bytes) override { copy(to, from, bytes); }
  void copy(void* to, const void* from, std::size_t bytes) override {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
  void finish() override {}

 private:
  void start(KernelId id, const void* kernel, const KernelRun& run) override {
    const hw::Grid grid{run.blocks, kWarps * hw::Warp::kLanes, 0, false, run.first_sm};
    const hw::Emulation emulation{seed_.fetch_add(1, std::memory_order_relaxed), nullptr, nullptr};
    kStarts[static_cast<std::size_t>(id)](grid, emulation, kernel, run);
  }

  std::atomic<std::uint64_t>& seed_;
};

class EmulatedDevice final : public Device {
 public:
  explicit EmulatedDevice(std::uint64_t seed) : seed_(seed) {}

  std::string name() const override { return "emulated GPU"; }
  std::unique_ptr<Memory> memory() override { return std::make_unique<HostMemory>(); }
  std::unique_ptr<Queue> queue() override { return std::make_unique<EmulatedQueue>(seed_); }
  int warps() const override { return kWarps; }
  int most_blocks() const override { return kMostBlocks; }
  std::int64_t clock_offset() override { return 0; }

 private:
  std::atomic<std::uint64_t> seed_;
};

}  // namespace

std::unique_ptr<Device> emulated_device(std::uint64_t seed) {
  return std::make_unique<EmulatedDevice>(seed);
}

}  // namespace moescope::runtime
