#include "core/placement/solve/eplb_candidate.h"

#include <algorithm>
#include <numeric>

#include "core/placement/eplb/eplb.h"

namespace moescope {
namespace {

using Index = std::size_t;

constexpr EplbVariant kVariants[] = {EplbVariant::Torch, EplbVariant::Numpy, EplbVariant::Deepseek,
                                     EplbVariant::Stable};
constexpr double kEqual = 1e-12;  ///< relative difference of loads that is rounding

double heaviest(const std::vector<int>& row, const std::vector<double>& loads, int gpus) {
  const auto per_gpu = gpu_loads(row, loads, gpus);
  return *std::max_element(per_gpu.begin(), per_gpu.end());
}

/// Experts that may live on the GPU of a slot: those of its node where groups are kept together.
std::vector<int> experts_for(const std::vector<int>& row, Index slot, const SolveOptions& options) {
  std::vector<int> experts;
  const Index block = options.hierarchy == Hierarchy::Off
                          ? row.size()
                          : row.size() / static_cast<Index>(options.nodes);
  const auto from = row.begin() + static_cast<std::ptrdiff_t>(slot / block * block);
  experts.assign(from, from + static_cast<std::ptrdiff_t>(block));
  std::sort(experts.begin(), experts.end());
  experts.erase(std::unique(experts.begin(), experts.end()), experts.end());
  return experts;
}

/// Gives the slot to the expert that leaves the heaviest GPU lightest, if it gets no heavier.
void replace_duplicate(std::vector<int>& row, Index slot, const std::vector<double>& loads,
                       const SolveOptions& options) {
  const auto per_gpu = static_cast<std::ptrdiff_t>(options.slot_count / options.gpus);
  const auto first = row.begin() + static_cast<std::ptrdiff_t>(slot) / per_gpu * per_gpu;
  const int before = row[slot];
  int best = before;
  double lightest = heaviest(row, loads, options.gpus) * (1 + kEqual);
  for (const int expert : experts_for(row, slot, options)) {
    if (std::find(first, first + per_gpu, expert) != first + per_gpu) continue;
    row[slot] = expert;
    const double load = heaviest(row, loads, options.gpus);
    if (load <= lightest) {
      lightest = load;
      best = expert;
    }
    row[slot] = before;
  }
  row[slot] = best;
}

void replace_duplicates(std::vector<int>& row, const std::vector<double>& loads,
                        const SolveOptions& options) {
  const Index per_gpu = static_cast<Index>(options.slot_count / options.gpus);
  for (Index slot = 0; slot < row.size(); ++slot) {
    const auto first = row.begin() + static_cast<std::ptrdiff_t>(slot / per_gpu * per_gpu);
    const auto here = row.begin() + static_cast<std::ptrdiff_t>(slot);
    if (std::find(first, here, *here) != here) replace_duplicate(row, slot, loads, options);
  }
}

}  // namespace

bool take_better_eplb(std::vector<int>& row, const std::vector<double>& loads,
                      const SolveOptions& o) {
  if (!o.pinned.empty() || !o.forbidden.empty() || !o.dead_gpus.empty()) return false;
  if (!(std::accumulate(loads.begin(), loads.end(), 0.0) > 0)) return false;
  const auto policy = o.hierarchy == Hierarchy::Off ? EplbPolicy::Global : EplbPolicy::Hierarchical;
  double best = heaviest(row, loads, o.gpus) * (1 - kEqual);
  bool taken = false;
  for (const EplbVariant variant : kVariants) {
    auto plan = eplb_plan({loads}, o.slot_count, o.groups, o.nodes, o.gpus, policy, variant);
    const double load = heaviest(plan.physical_to_logical[0], loads, o.gpus);
    if (load >= best) continue;
    best = load;
    row = std::move(plan.physical_to_logical[0]);
    taken = true;
  }
  if (taken) replace_duplicates(row, loads, o);
  return taken;
}

}  // namespace moescope
