#include "gpu/cuda/devices.h"

#include <nlohmann/json.hpp>

namespace moescope::runtime::cuda {

std::string devices_text(const ProbeReport& report, bool json) {
  if (!json) return to_text(report);
  using Json = nlohmann::ordered_json;
  const auto version = [](int number) { return number == 0 ? Json() : Json(cuda_version(number)); };
  const ProbeFacts& f = report.facts;
  auto gpus = Json::array();
  for (const GpuInfo& gpu : f.gpus)
    gpus.push_back({{"index", gpu.index},
                    {"name", gpu.name},
                    {"sms", gpu.sms},
                    {"compute_capability", {gpu.compute_major, gpu.compute_minor}},
                    {"memory_bytes", gpu.memory}});
  const Json document = {{"schema", 1},
                         {"built_with_cuda", version(f.runtime)},
                         {"driver_cuda", version(f.driver)},
                         {"cublas", f.cublas.empty() ? Json() : Json(f.cublas)},
                         {"gpus", gpus},
                         {"wanted_gpu", report.wanted_gpu < 0 ? Json() : Json(report.wanted_gpu)},
                         {"usable_gpu", report.usable() ? Json(report.usable_gpu) : Json()},
                         {"problem", report.problem},
                         {"remedy", report.remedy}};
  return document.dump(2);
}

}  // namespace moescope::runtime::cuda
