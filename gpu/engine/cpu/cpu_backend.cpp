#include "gpu/engine/cpu/cpu_backend.h"

#include "gpu/comm/exchange/host_exchange.h"
#include "gpu/engine/cpu/cpu_unit.h"

namespace moescope::runtime {
namespace {

/// Everything on the calling thread, at once.
class CpuDevice final : public MoeDevice {
 public:
  CpuDevice(const ModelConfig& config, const Group& group)
      : space_(group.node_table()), operators_(cpu_operators(config)) {}

  Memory& memory() override { return memory_; }
  const MoeOperators& operators() const override { return *operators_; }
  std::unique_ptr<Exchange> exchange(const ExchangeWire& wire) override {
    return host_exchange(space_, wire);
  }
  Team& team(int, StreamId) override { return team_; }
  void begin(std::uint32_t, int) override {}
  void finish() override {}
  DeviceFacts facts() const override { return {"CPU", 1, true, {}, 0}; }

 private:
  AddressSpace space_;
  std::unique_ptr<Operators> operators_;
  HostMemory memory_;
  SerialTeam team_;
};

class CpuBackend final : public Backend {
 public:
  const char* name() const override { return "cpu"; }
  std::string fact() const override {
    return "cpu: virtual ranks are threads, workers are threads and not SMs";
  }
  bool serves() const override { return true; }
  void check_room(const EngineOptions& options, const ModelConfig& config, int slots_per_rank,
                  const LayoutHost& host) const override {
    check_footprint(options, config, slots_per_rank, host, host_limits());
  }
  std::unique_ptr<Unit> make_unit(const UnitParts& parts) const override {
    return std::make_unique<CpuUnit>(parts);
  }
  std::unique_ptr<MoeDevice> layer_device(const ModelConfig& config,
                                          const MoeDeviceOptions& options) const override {
    return std::make_unique<CpuDevice>(config, options.group);
  }
};

}  // namespace

const Backend& cpu_backend() {
  static const CpuBackend backend;
  return backend;
}

}  // namespace moescope::runtime
