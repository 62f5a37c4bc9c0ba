#include "gpu/cuda/backend.h"

#include "core/error.h"
#include "gpu/cuda/cuda_device.h"
#include "gpu/cuda/devices.h"
#include "gpu/cuda/layer_device.h"
#include "gpu/cuda/probe.h"
#include "gpu/engine/device/device_layout.h"
#include "gpu/engine/device/device_unit.h"

namespace moescope::runtime {
namespace {

class CudaBackend final : public Backend {
 public:
  const char* name() const override { return "cuda"; }
  const char* help() const override {
    return "the kernels on a GPU, not run on one yet; with --check-layer one MoE layer";
  }
  void use_devices(const std::string& list) const override {
    cuda::want_gpu(cuda::serving_gpu(list));
  }
  std::string devices(bool json) const override { return cuda::devices_text(cuda::probe(), json); }
  void check_devices() const override {
    const cuda::ProbeReport report = cuda::probe();
    if (!report.usable()) throw Error("--backend", name(), report.problem, report.remedy);
  }
  std::string fact() const override {
    return "cuda: ranks are kernels on one GPU, workers are its SMs";
  }
  bool serves() const override { return true; }
  void describe(std::vector<RecordedRank>& ranks) const override {
    const Device& gpu = cuda::gpu_device();
    for (RecordedRank& rank : ranks) {
      rank.device = gpu.name();
      rank.workers = gpu.most_blocks();
      rank.on_cpu = false;
    }
  }
  void check_room(const EngineOptions& options, const ModelConfig&, int,
                  const LayoutHost& host) const override {
    check_device_layout(options, host);
  }
  std::unique_ptr<Unit> make_unit(const UnitParts& parts) const override {
    return make_device_unit(parts, cuda::gpu_device());
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
