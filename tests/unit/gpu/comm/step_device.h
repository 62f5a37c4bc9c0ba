// One MoE layer in the steps of kernels, run on the CPU: the oracle of the CPU's own exchange.
#pragma once

#include "gpu/engine/layer/moe_device.h"
#include "tests/unit/gpu/comm/step_support.h"

namespace moescope::runtime::test {

class StepDevice final : public MoeDevice {
 public:
  explicit StepDevice(const ModelConfig& config) : StepDevice(cpu_operators(config)) {}
  explicit StepDevice(std::unique_ptr<MoeOperators> operators) : operators_(std::move(operators)) {}

  Memory& memory() override { return memory_; }
  const MoeOperators& operators() const override { return *operators_; }
  std::unique_ptr<Exchange> exchange(const ExchangeWire& wire) override {
    return std::make_unique<StepExchange<HostSteps>>(wire, memory_, runner_);
  }
  Team& team(int, StreamId) override { return team_; }
  void begin(std::uint32_t, int) override {}
  void finish() override {}
  DeviceFacts facts() const override { return {"steps on the CPU", 3, true, {}, 0}; }

 private:
  std::unique_ptr<MoeOperators> operators_;
  HostMemory memory_;
  HostSteps runner_;
  SerialTeam team_;
};

}  // namespace moescope::runtime::test
