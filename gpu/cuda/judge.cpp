#include <fmt/format.h>

#include <algorithm>

#include "gpu/cuda/probe.h"

namespace moescope::runtime::cuda {
namespace {

/// The first problem that prevents using a GPU.
std::pair<std::string, std::string> problem_of(const ProbeFacts& f) {
  if (!f.built)
    return {"this build has no CUDA part",
            "install the CUDA Toolkit (12.5 or newer), configure and build again"};
  if (f.driver == 0)
    return {"no NVIDIA driver is installed",
            fmt::format("install a driver for CUDA {}", cuda_version(f.runtime))};
  if (f.driver / 1000 < f.runtime / 1000)
    return {fmt::format("the driver supports CUDA {}, this build needs {}", cuda_version(f.driver),
                        cuda_version(f.runtime)),
            "install a newer driver, or build with an older CUDA Toolkit (12.5 at least)"};
  if (!f.count_error.empty())
    return {"the driver does not answer: " + f.count_error,
            "see whether nvidia-smi lists the GPU and whether this user may open it"};
  if (f.gpus.empty())
    return {"there is no GPU", "see CUDA_VISIBLE_DEVICES, and whether nvidia-smi lists one"};
  const auto fits = [](const GpuInfo& gpu) { return gpu.compute_major >= kLeastComputeMajor; };
  if (std::none_of(f.gpus.begin(), f.gpus.end(), fits))
    return {fmt::format("{} has compute capability {}.{}, the kernels are compiled for {}.0 and "
                        "newer",
                        f.gpus.front().name, f.gpus.front().compute_major,
                        f.gpus.front().compute_minor, kLeastComputeMajor),
            "use a newer GPU"};
  if (f.cublas.empty())
    return {"cuBLAS cannot be opened: " + f.cublas_error,
            "install the CUDA Toolkit's cuBLAS, or name its folder in MOESCOPE_CUDA_LIBRARIES"};
  return {};
}

}  // namespace

std::string cuda_version(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

ProbeReport judge(ProbeFacts facts) {
  ProbeReport report;
  std::tie(report.problem, report.remedy) = problem_of(facts);
  report.facts = std::move(facts);
  if (!report.problem.empty()) return report;
  for (const GpuInfo& gpu : report.facts.gpus)
    if (gpu.compute_major >= kLeastComputeMajor) {
      report.usable_gpu = gpu.index;
      break;
    }
  return report;
}

std::string to_text(const ProbeReport& report) {
  const ProbeFacts& f = report.facts;
  std::string text;
  if (f.built) {
    text += fmt::format("built with  CUDA {}\n", cuda_version(f.runtime));
    text +=
        fmt::format("driver      {}\n", f.driver == 0 ? "none" : "CUDA " + cuda_version(f.driver));
    text += fmt::format("cuBLAS      {}\n", f.cublas.empty() ? "none" : f.cublas);
    for (const GpuInfo& gpu : f.gpus)
      text += fmt::format("GPU {:<7} {}, {} SMs, compute capability {}.{}, {:.0f} GiB\n", gpu.index,
                          gpu.name, gpu.sms, gpu.compute_major, gpu.compute_minor,
                          static_cast<double>(gpu.memory) / (1 << 30));
  }
  if (report.usable()) return text + fmt::format("usable      GPU {}", report.usable_gpu);
  return text + fmt::format("no usable GPU: {}; {}", report.problem, report.remedy);
}

}  // namespace moescope::runtime::cuda
