#include "gpu/cuda/layer_device.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "gpu/comm/exchange/step_exchange.h"
#include "gpu/cuda/cublas.h"
#include "gpu/cuda/cuda_operators.h"
#include "gpu/cuda/probe.h"

namespace moescope::runtime::cuda {
namespace {

/// Shared memory of a block that leaves no room for a second one on its SM.
std::size_t memory_of_an_sm(int gpu) {
  int most = 0, of_sm = 0;
  check(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, gpu),
        "asking the GPU");
  check(cudaDeviceGetAttribute(&of_sm, cudaDevAttrMaxSharedMemoryPerMultiprocessor, gpu),
        "asking the GPU");
  return static_cast<std::size_t>(std::min(most, of_sm / 2 + 1024));
}

class OneGpu final : public MoeDevice {
 public:
  OneGpu(const ModelConfig& config, const MoeDeviceOptions& options)
      : gpu_(take_gpu()),
        budget_(grant({options.budget.workers, options.budget.communication}, options.group.size,
                      gpu_.sms)),
        memory_(gpu_.index),
        recording_(memory_, options.logs),
        operators_(config, recording_) {
    const std::size_t alone = memory_of_an_sm(gpu_.index);
    allow_shared_memory(alone);
    const int compute = budget_.sms - budget_.communication;
    for (int rank = 0; rank < options.group.size; ++rank) {
      const Stream& stream = *streams_.emplace_back(std::make_unique<Stream>(compute));
      compute_.push_back(
          std::make_unique<DeviceTeam>(stream, memory_, rank, compute, StreamId::Compute));
      communication_.push_back(std::make_unique<DeviceTeam>(
          stream, memory_, rank, budget_.communication, StreamId::Communication, alone));
    }
  }

  Memory& memory() override { return memory_; }
  const MoeOperators& operators() const override { return operators_; }
  std::unique_ptr<Exchange> exchange(const ExchangeWire& wire) override {
    return std::make_unique<StepExchange<Recording>>(wire, memory_, recording_);
  }
  Team& team(int member, StreamId stream) override {
    auto& teams = stream == StreamId::Communication ? communication_ : compute_;
    return *teams.at(static_cast<std::size_t>(member));
  }
  void begin(std::uint32_t step, int layer) override { recording_.begin(step, layer); }
  void finish() override {
    for (const auto& stream : streams_) stream->synchronise();
    recording_.fetch();
  }

  DeviceFacts facts() const override {
    const GpuClock& clock = recording_.clock();
    DeviceFacts facts;
    facts.name = gpu_.name;
    facts.workers = gpu_.sms;
    facts.on_cpu = false;
    facts.dropped = recording_.dropped();
    facts.more = {
        {"backend", "cuda: all ranks share one GPU, workers are its SMs"},
        {"gpu", gpu_.name},
        {"cublas", Cublas::library().version()},
        {"sms_per_rank",
         fmt::format("{}, {} of them for communication", budget_.sms, budget_.communication)},
        {"clock", fmt::format("globaltimer, ticks of {} ns, {} ns behind the steady clock "
                              "within {} ns",
                              clock.tick, clock.offset, clock.error)}};
    return facts;
  }

 private:
  GpuInfo gpu_;
  SmBudget budget_;
  DeviceMemory memory_;
  Recording recording_;
  CudaOperators operators_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<std::unique_ptr<DeviceTeam>> compute_, communication_;
};

}  // namespace

std::unique_ptr<MoeDevice> layer_device(const ModelConfig& config,
                                        const MoeDeviceOptions& options) {
  return std::make_unique<OneGpu>(config, options);
}

}  // namespace moescope::runtime::cuda
