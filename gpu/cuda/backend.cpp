#include "gpu/cuda/backend.h"

#include "core/error.h"
#include "gpu/cuda/devices.h"
#include "gpu/cuda/layer_device.h"

namespace moescope::runtime {
namespace {

class CudaBackend final : public Backend {
 public:
  const char* name() const override { return "cuda"; }
  const char* help() const override {
    return "run one MoE layer on a GPU and compare it with the CPU";
  }
  std::string devices(bool json) const override { return cuda::devices_text(cuda::probe(), json); }
  void check_devices() const override {
    const cuda::ProbeReport report = cuda::probe();
    if (!report.usable()) throw Error("--backend", name(), report.problem, report.remedy);
  }
  std::unique_ptr<MoeDevice> layer_device(const ModelConfig& config,
                                          const MoeDeviceOptions& options) const override {
    return cuda::layer_device(config, options);
  }
};

}  // namespace

const Backend& cuda_backend() {
  static const CudaBackend backend;
  return backend;
}

}  // namespace moescope::runtime
