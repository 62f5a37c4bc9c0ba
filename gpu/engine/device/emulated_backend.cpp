#include "gpu/engine/device/emulated_backend.h"

#include "core/error.h"
#include "gpu/device/emulated_device.h"
#include "gpu/engine/device/device_layout.h"
#include "gpu/engine/device/device_unit.h"

namespace moescope::runtime {
namespace {

constexpr std::uint64_t kSeed = 1;

class EmulatedBackend final : public Backend {
 public:
  const char* name() const override { return "emulated"; }
  const char* help() const override {
    return "the kernels of a GPU on an emulator, for small models";
  }
  std::string fact() const override {
    return "emulated: ranks are kernels on an emulated GPU, workers its SMs, times those of the "
           "emulator";
  }
  bool serves() const override { return true; }
  void describe(std::vector<RecordedRank>& ranks) const override {
    for (RecordedRank& rank : ranks) rank.device = "emulated GPU";
  }
  void check_room(const EngineOptions& options, const ModelConfig& config, int slots_per_rank,
                  const LayoutHost& host) const override {
    check_device_layout(options, host);
    check_footprint(options, config, slots_per_rank, host, host_limits());
  }
  std::unique_ptr<Unit> make_unit(const UnitParts& parts) const override {
    static const auto device = emulated_device(kSeed);
    return make_device_unit(parts, *device);
  }
  std::unique_ptr<MoeDevice> layer_device(const ModelConfig&,
                                          const MoeDeviceOptions&) const override {
    throw Error("--backend", name(), "serves whole units, it runs no single layers");
  }
};

}  // namespace

const Backend& emulated_backend() {
  static const EmulatedBackend backend;
  return backend;
}

}  // namespace moescope::runtime
