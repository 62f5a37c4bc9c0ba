#include "core/placement/edit/plan_advice.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace moescope {
namespace {

using Index = std::size_t;

constexpr Index kTriedGpus = 512;

/// Loads of one layer as if one slot held another expert.
class Trial {
 public:
  Trial(const PlanState& state, int layer)
      : state_(state),
        layer_(layer),
        per_gpu_(state.slots_per_gpu(layer)),
        row_(state.plan().physical_to_logical[static_cast<Index>(layer)]) {
    const auto experts = static_cast<Index>(state.plan().num_experts);
    load_ = state.has_loads() ? (*state.loads())[static_cast<Index>(layer)]
                              : std::vector<double>(experts, 1.0);
    gpu_ = gpu_loads_now();
  }

  int replicas(int expert) const {
    return valid(expert) ? static_cast<int>(state_.hosts(layer_, expert).size()) : 0;
  }
  bool valid(int expert) const { return expert >= 0 && expert < state_.plan().num_experts; }
  bool on_gpu(int expert, int gpu) const {
    const auto first = row_.begin() + static_cast<long>(gpu) * per_gpu_;
    return std::find(first, first + per_gpu_, expert) != first + per_gpu_;
  }
  /// Live GPUs, lightest first.
  std::vector<int> lightest() const {
    std::vector<int> gpus;
    for (int g = 0; g < state_.plan().num_gpus; ++g)
      if (!state_.plan().dead(g)) gpus.push_back(g);
    std::stable_sort(gpus.begin(), gpus.end(), [&](int a, int b) {
      return gpu_[static_cast<Index>(a)] < gpu_[static_cast<Index>(b)];
    });
    if (gpus.size() > kTriedGpus) gpus.resize(kTriedGpus);
    return gpus;
  }
  /// Heaviest GPU, then the sum of squares, so that ties below the top are broken well.
  std::pair<double, double> after(int slot, int expert) {
    auto gpu = gpu_;
    shift(gpu, row_[static_cast<Index>(slot)], slot, -1);
    shift(gpu, expert, slot, +1);
    return {*std::max_element(gpu.begin(), gpu.end()),
            std::inner_product(gpu.begin(), gpu.end(), gpu.begin(), 0.0)};
  }

 private:
  std::vector<double> gpu_loads_now() const {
    std::vector<double> gpu(static_cast<Index>(state_.plan().num_gpus), 0.0);
    for (int s = 0; s < static_cast<int>(row_.size()); ++s)
      if (const int e = row_[static_cast<Index>(s)]; valid(e))
        gpu[static_cast<Index>(s / per_gpu_)] += load_[static_cast<Index>(e)] / replicas(e);
    return gpu;
  }
  /// One replica of `expert` more or less, in `slot`.
  void shift(std::vector<double>& gpu, int expert, int slot, int by) const {
    if (!valid(expert)) return;
    const double load = load_[static_cast<Index>(expert)];
    const int before = replicas(expert), now = before + by;
    const double old_share = before > 0 ? load / before : 0, share = now > 0 ? load / now : 0;
    for (const int s : state_.hosts(layer_, expert))
      gpu[static_cast<Index>(s / per_gpu_)] += share - old_share;
    gpu[static_cast<Index>(slot / per_gpu_)] += by * share;
  }

  const PlanState& state_;
  int layer_, per_gpu_;
  const std::vector<int>& row_;
  std::vector<double> load_, gpu_;
};

using Cost = std::pair<double, double>;
constexpr Cost kWorst{std::numeric_limits<double>::infinity(), 0};

}  // namespace

std::optional<int> best_slot_for(const PlanState& state, int layer, int expert,
                                 const std::vector<int>& kept) {
  const int per_gpu = state.slots_per_gpu(layer);
  if (per_gpu == 0) return std::nullopt;
  Trial trial(state, layer);
  const auto& row = state.plan().physical_to_logical[static_cast<Index>(layer)];
  std::optional<int> best;
  Cost lowest = kWorst;
  for (const int gpu : trial.lightest()) {
    if (trial.on_gpu(expert, gpu)) continue;
    for (int s = gpu * per_gpu; s < (gpu + 1) * per_gpu; ++s) {
      const int held = row[static_cast<Index>(s)];
      if ((trial.valid(held) && trial.replicas(held) < 2) ||
          std::binary_search(kept.begin(), kept.end(), s))
        continue;
      const Cost cost = trial.after(s, expert);
      if (cost >= lowest) continue;
      lowest = cost;
      best = s;
    }
  }
  return best;
}

std::optional<int> best_expert_for(const PlanState& state, int layer, int slot) {
  const int per_gpu = state.slots_per_gpu(layer);
  if (per_gpu == 0) return std::nullopt;
  Trial trial(state, layer);
  const int held =
      state.plan().physical_to_logical[static_cast<Index>(layer)][static_cast<Index>(slot)];
  std::optional<int> best;
  Cost lowest = kWorst;
  for (int e = 0; e < state.plan().num_experts; ++e) {
    if (e == held || trial.on_gpu(e, slot / per_gpu)) continue;
    const Cost cost = trial.after(slot, e);
    if (cost >= lowest) continue;
    lowest = cost;
    best = e;
  }
  return best;
}

}  // namespace moescope
