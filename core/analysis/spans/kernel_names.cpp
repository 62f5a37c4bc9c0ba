#include "core/analysis/spans/kernel_names.h"

#include <algorithm>
#include <tuple>

namespace moescope {
namespace {

bool below(const KernelNames::Kernel& kernel, std::uint32_t correlation) {
  return kernel.correlation < correlation;
}

}  // namespace

bool KernelNames::add(std::vector<Kernel> kernels) {
  std::stable_sort(kernels.begin(), kernels.end(), [](const Kernel& a, const Kernel& b) {
    return std::tie(a.correlation, a.track) < std::tie(b.correlation, b.track);
  });
  kernels.erase(
      std::unique(kernels.begin(), kernels.end(),
                  [](const Kernel& a, const Kernel& b) { return a.correlation == b.correlation; }),
      kernels.end());
  if (kernels.empty()) return true;
  const auto first =
      std::lower_bound(kernels_.begin(), kernels_.end(), kernels.front().correlation, below);
  const std::vector<Kernel> tail(first, kernels_.end());
  kernels_.erase(first, kernels_.end());
  bool same = true;
  auto known = tail.begin();
  for (const Kernel& kernel : kernels) {
    while (known != tail.end() && known->correlation < kernel.correlation)
      kernels_.push_back(*known++);
    if (known != tail.end() && known->correlation == kernel.correlation) {
      if (known->track <= kernel.track) continue;
      same = same && known->name == kernel.name;
      ++known;
    }
    kernels_.push_back(kernel);
  }
  kernels_.insert(kernels_.end(), known, tail.end());
  return same;
}

std::optional<StringId> KernelNames::find(std::uint32_t correlation) const {
  const auto it = std::lower_bound(kernels_.begin(), kernels_.end(), correlation, below);
  if (it == kernels_.end() || it->correlation != correlation) return std::nullopt;
  return it->name;
}

}  // namespace moescope
