#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <string_view>

#include "core/error.h"
#include "gpu/cuda/probe.h"

namespace moescope::runtime::cuda {
namespace {

std::atomic<int> wanted_by_user = -1;

bool fits(const GpuInfo& gpu) {
  return gpu.compute_major >= kLeastComputeMajor;
}

/// Why this GPU cannot be used; nothing when it can.
std::pair<std::string, std::string> problem_of_gpu(const GpuInfo& gpu) {
  if (fits(gpu)) return {};
  return {fmt::format("{} has compute capability {}.{}, the kernels are compiled for {}.0 and "
                      "newer",
                      gpu.name, gpu.compute_major, gpu.compute_minor, kLeastComputeMajor),
          "use a newer GPU"};
}

/// Of the GPU that serves.
std::pair<std::string, std::string> problem_of_choice(const std::vector<GpuInfo>& gpus,
                                                      int wanted) {
  if (wanted < 0) {
    const bool any = std::any_of(gpus.begin(), gpus.end(), fits);
    return any ? std::pair<std::string, std::string>() : problem_of_gpu(gpus.front());
  }
  for (const GpuInfo& gpu : gpus)
    if (gpu.index == wanted) return problem_of_gpu(gpu);
  return {fmt::format("there is no GPU {}", wanted),
          "moescope-node --devices lists those there are; CUDA_VISIBLE_DEVICES hides others"};
}

/// The first problem that prevents using a GPU.
std::pair<std::string, std::string> problem_of(const ProbeFacts& f, int wanted) {
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
  const auto choice = problem_of_choice(f.gpus, wanted);
  if (!choice.first.empty()) return choice;
  if (f.cublas.empty())
    return {"cuBLAS cannot be opened: " + f.cublas_error,
            "install the CUDA Toolkit's cuBLAS, or name its folder in MOESCOPE_CUDA_LIBRARIES"};
  return {};
}

}  // namespace

std::string cuda_version(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

std::vector<int> parse_gpus(const std::string& list) {
  std::vector<int> gpus;
  for (std::string_view rest = list;;) {
    const std::string_view one = rest.substr(0, rest.find(','));
    int gpu = -1;
    const auto [end, error] = std::from_chars(one.data(), one.data() + one.size(), gpu);
    if (error != std::errc() || end != one.data() + one.size() || gpu < 0)
      throw Error("--gpus", list, fmt::format("\"{}\" is not the index of a GPU", one),
                  "give indices as `moescope-node --devices` lists them, with commas between");
    if (std::find(gpus.begin(), gpus.end(), gpu) != gpus.end())
      throw Error("--gpus", list, fmt::format("GPU {} stands there twice", gpu));
    gpus.push_back(gpu);
    if (one.size() == rest.size()) return gpus;
    rest.remove_prefix(one.size() + 1);
  }
}

int serving_gpu(const std::string& list) {
  const std::vector<int> gpus = parse_gpus(list);
  if (gpus.size() > 1)
    throw Error("--gpus", list,
                fmt::format("{} GPUs: ranks on several GPUs are untested", gpus.size()),
                fmt::format("give one: all ranks share it, as with --gpus {}", gpus.front()));
  return gpus.front();
}

void want_gpu(int wanted) {
  wanted_by_user = wanted;
}

int wanted_gpu() {
  return wanted_by_user;
}

ProbeReport judge(ProbeFacts facts, int wanted) {
  ProbeReport report;
  report.wanted_gpu = wanted;
  std::tie(report.problem, report.remedy) = problem_of(facts, wanted);
  report.facts = std::move(facts);
  if (!report.problem.empty()) return report;
  for (const GpuInfo& gpu : report.facts.gpus)
    if (wanted < 0 ? fits(gpu) : gpu.index == wanted) {
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
  if (report.usable())
    return text + fmt::format("usable      GPU {}{}", report.usable_gpu,
                              report.wanted_gpu < 0 ? "" : ", as asked for");
  return text + fmt::format("no usable GPU: {}; {}", report.problem, report.remedy);
}

}  // namespace moescope::runtime::cuda
