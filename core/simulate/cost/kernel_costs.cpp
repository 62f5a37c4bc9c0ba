#include "core/simulate/cost/kernel_costs.h"

namespace moescope {

std::string KernelId::text() const {
  return table + ": " + name + (version.empty() ? "" : " " + version);
}

const KernelCost* KernelCosts::find(const KernelId& id) const {
  for (const auto& kernel : kernels)
    if (kernel.id == id) return &kernel;
  return nullptr;
}

const KernelCost* KernelCosts::newest(std::string_view table, std::string_view name) const {
  const KernelCost* best = nullptr;
  // Versions are compared number by number: 0.5.10 is newer than 0.5.9.
  const auto numbers = [](const std::string& version) {
    std::vector<int> parts;
    int part = -1;
    for (const char c : version) {
      if (c >= '0' && c <= '9')
        part = (part < 0 ? 0 : part * 10) + (c - '0');
      else if (part >= 0)
        parts.push_back(part), part = -1;
    }
    if (part >= 0) parts.push_back(part);
    return parts;
  };
  for (const auto& kernel : kernels)
    if (kernel.id.table == table && kernel.id.name == name &&
        (best == nullptr || numbers(best->id.version) < numbers(kernel.id.version)))
      best = &kernel;
  return best;
}

KernelCost derived(const KernelCost& kernel, const SheetRatios& ratios) {
  const DataSheet scale{.sms = 1,
                        .memory_gb_per_s = ratios.memory,
                        .fp8_tflops = ratios.compute,
                        .link_gb_per_s = ratios.link,
                        .network_gb_per_s = ratios.network};
  auto result = kernel;
  for (std::size_t i = 0; i < result.constants.size(); ++i)
    result.constants[i] *= figure_of(scale, kernel.formula->constants[i].follows);
  return result;
}

}  // namespace moescope
