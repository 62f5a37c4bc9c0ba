#include "core/placement/active.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/placement/plan.h"

namespace moescope {
namespace {

using Index = std::size_t;

class Activation {
 public:
  Activation(const std::vector<int>& row, std::span<const double> loads, int per_gpu, int most)
      : row_(row),
        loads_(loads),
        per_gpu_(per_gpu),
        most_(most),
        slots_of_(slots_of_experts(row, static_cast<int>(loads.size()))),
        active_(row.size(), 0),
        used_(row.size() / static_cast<Index>(per_gpu)),
        heat_(used_.size(), 0.0),
        count_(loads.size(), 0) {}

  /// One slot for every expert with load: augmenting paths, heaviest expert first.
  void cover() {
    std::vector<int> order(loads_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [this](int a, int b) {
      return loads_[static_cast<Index>(a)] > loads_[static_cast<Index>(b)];
    });
    for (const int e : order) {
      if (!(loads_[static_cast<Index>(e)] > 0)) break;
      seen_.assign(used_.size(), 0);
      if (!place(e))
        throw Error("", fmt::format("expert {}", e),
                    fmt::format("has load, but its GPUs are busy with {} others", most_),
                    "Let more slots of a GPU be active, or give the expert another replica");
    }
  }

  /// Further replicas of experts on the hottest GPU while one can be added elsewhere.
  void relieve() {
    while (add_for_hottest()) {
    }
  }

  std::vector<int> row() const {
    std::vector<int> chosen(row_.size(), kNoExpert);
    for (Index s = 0; s < row_.size(); ++s)
      if (active_[s] != 0) chosen[s] = row_[s];
    return chosen;
  }

 private:
  Index gpu_of(int slot) const { return static_cast<Index>(slot / per_gpu_); }

  void activate(int slot, bool on) {
    const int by = on ? 1 : -1;
    active_[static_cast<Index>(slot)] = on ? 1 : 0;
    used_[gpu_of(slot)] += by;
    heat_[gpu_of(slot)] += by * loads_[static_cast<Index>(row_[static_cast<Index>(slot)])];
    count_[static_cast<Index>(row_[static_cast<Index>(slot)])] += by;
  }

  /// Gives `expert` a slot on the coolest of its GPUs, or on one from which another expert can
  /// move away.
  bool place(int expert) {
    auto slots = slots_of_[static_cast<Index>(expert)];
    std::stable_sort(slots.begin(), slots.end(),
                     [this](int a, int b) { return heat_[gpu_of(a)] < heat_[gpu_of(b)]; });
    for (const int s : slots)
      if (used_[gpu_of(s)] < most_ && seen_[gpu_of(s)] == 0) return activate(s, true), true;
    for (const int s : slots) {
      if (seen_[gpu_of(s)] != 0) continue;
      seen_[gpu_of(s)] = 1;
      const int first = static_cast<int>(gpu_of(s)) * per_gpu_;
      for (int t = first; t < first + per_gpu_; ++t) {
        if (active_[static_cast<Index>(t)] == 0) continue;
        activate(t, false);
        if (place(row_[static_cast<Index>(t)])) return activate(s, true), true;
        activate(t, true);
      }
    }
    return false;
  }

  std::vector<double> gpu_loads() const {
    std::vector<double> load(used_.size(), 0.0);
    for (Index s = 0; s < row_.size(); ++s)
      if (active_[s] != 0)
        load[gpu_of(static_cast<int>(s))] +=
            loads_[static_cast<Index>(row_[s])] / count_[static_cast<Index>(row_[s])];
    return load;
  }

  bool add_for_hottest() {
    const auto load = gpu_loads();
    const auto hottest =
        static_cast<Index>(std::max_element(load.begin(), load.end()) - load.begin());
    int best = -1;
    double lightest = load[hottest];
    for (Index s = hottest * static_cast<Index>(per_gpu_);
         s < (hottest + 1) * static_cast<Index>(per_gpu_); ++s) {
      if (active_[s] == 0) continue;
      const auto e = static_cast<Index>(row_[s]);
      for (const int t : slots_of_[e]) {
        const double then = load[gpu_of(t)] + loads_[e] / (count_[e] + 1);
        if (active_[static_cast<Index>(t)] == 0 && used_[gpu_of(t)] < most_ &&
            gpu_of(t) != hottest && then < lightest)
          best = t, lightest = then;
      }
    }
    if (best < 0) return false;
    activate(best, true);
    return true;
  }

  const std::vector<int>& row_;
  std::span<const double> loads_;
  int per_gpu_, most_;
  std::vector<std::vector<int>> slots_of_;
  std::vector<char> active_, seen_;
  std::vector<int> used_;     ///< [gpu] active slots
  std::vector<double> heat_;  ///< [gpu] load of the experts with an active slot there
  std::vector<int> count_;    ///< [expert] active slots
};

}  // namespace

ActiveChoice choose_active(const std::vector<int>& row, std::span<const double> loads,
                           int slots_per_gpu, int active_per_gpu) {
  Activation activation(row, loads, slots_per_gpu, active_per_gpu);
  activation.cover();
  activation.relieve();
  ActiveChoice choice{activation.row(), {}};
  choice.split = best_split(choice.row, loads, slots_per_gpu);
  return choice;
}

}  // namespace moescope
