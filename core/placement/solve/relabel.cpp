#include "core/placement/solve/relabel.h"

#include <algorithm>

#include "core/placement/solve/assignment.h"

namespace moescope {
namespace {

using Index = std::size_t;

class Relabelling {
 public:
  Relabelling(const std::vector<int>& row, const std::vector<int>& running, int experts,
              const SolveOptions& options, int layer)
      : row_(row),
        running_(running),
        options_(options),
        gpus_(options.gpus),
        per_gpu_(options.slot_count / options.gpus),
        never_(options.slot_count + 1),
        held_(static_cast<Index>(options.gpus) * static_cast<Index>(experts)),
        banned_(held_.size()),
        experts_(static_cast<Index>(experts)),
        pin_(static_cast<Index>(options.slot_count), kNoExpert) {
    for (int s = 0; s < options.slot_count; ++s)
      if (const int e = running_[static_cast<Index>(s)]; e >= 0) held_[pair(s / per_gpu_, e)] = 1;
    const auto here = [layer](const auto& rule) { return rule.layer < 0 || rule.layer == layer; };
    for (const auto& f : options.forbidden)
      if (here(f)) banned_[pair(f.gpu, f.expert)] = 1;
    for (const auto& p : options.pinned)
      if (here(p)) pin_[static_cast<Index>(p.slot)] = p.expert;
  }

  std::vector<int> solve() const {
    const auto place = options_.hierarchy == Hierarchy::Off || options_.nodes == 1
                           ? cheapest_places(0, 0, gpus_)
                           : places_on_nodes();
    std::vector<int> renamed(row_.size());
    for (int g = 0; g < gpus_; ++g) fill(renamed, g, place[static_cast<Index>(g)]);
    return renamed;
  }

 private:
  Index pair(int gpu, int expert) const {
    return static_cast<Index>(gpu) * experts_ + static_cast<Index>(expert);
  }
  std::vector<int> content(int gpu) const {
    const auto first = row_.begin() + static_cast<std::ptrdiff_t>(gpu) * per_gpu_;
    return {first, first + per_gpu_};
  }
  bool dead(int gpu) const {
    return std::binary_search(options_.dead_gpus.begin(), options_.dead_gpus.end(), gpu);
  }

  /// Copies when GPU `place` takes what GPU `gpu` was given; never_ where that breaks a rule.
  long copies(int gpu, int place) const {
    if (dead(gpu) != dead(place)) return never_;
    auto experts = content(gpu);
    std::sort(experts.begin(), experts.end());
    for (int s = place * per_gpu_; s < (place + 1) * per_gpu_; ++s)
      if (const int e = pin_[static_cast<Index>(s)];
          e != kNoExpert && !std::binary_search(experts.begin(), experts.end(), e))
        return never_;
    experts.erase(std::unique(experts.begin(), experts.end()), experts.end());
    long count = 0;
    for (const int e : experts) {
      if (e == kNoExpert) continue;
      if (banned_[pair(place, e)] != 0) return never_;
      count += held_[pair(place, e)] == 0 ? 1 : 0;
    }
    return count;
  }

  /// Best place of each of `count` GPUs from `first` on among as many from `target` on.
  std::vector<int> cheapest_places(int first, int target, int count, long* total = nullptr) const {
    std::vector<long> cost;
    cost.reserve(static_cast<Index>(count) * static_cast<Index>(count));
    for (int g = 0; g < count; ++g)
      for (int p = 0; p < count; ++p) cost.push_back(copies(first + g, target + p));
    auto place = cheapest_assignment(cost, count);
    for (int g = 0; g < count; ++g) {
      int& p = place[static_cast<Index>(g)];
      if (total != nullptr) *total += cost[static_cast<Index>(g * count + p)];
      p += target;
    }
    return place;
  }

  /// Nodes among themselves, each with the best order of its GPUs.
  std::vector<int> places_on_nodes() const {
    const int nodes = options_.nodes, size = gpus_ / nodes;
    std::vector<long> cost(static_cast<Index>(nodes) * static_cast<Index>(nodes));
    std::vector<std::vector<int>> order(cost.size());
    for (int n = 0; n < nodes; ++n)
      for (int m = 0; m < nodes; ++m) {
        const auto at = static_cast<Index>(n * nodes + m);
        order[at] = cheapest_places(n * size, m * size, size, &cost[at]);
      }
    const auto node = cheapest_assignment(cost, nodes);
    std::vector<int> place;
    for (int n = 0; n < nodes; ++n) {
      const auto& of = order[static_cast<Index>(n * nodes + node[static_cast<Index>(n)])];
      place.insert(place.end(), of.begin(), of.end());
    }
    return place;
  }

  /// Pinned experts first, then those that are in their slot already, then the rest.
  void fill(std::vector<int>& renamed, int gpu, int place) const {
    auto left = content(gpu);
    const auto take = [&left](int expert) {
      const auto found = std::find(left.begin(), left.end(), expert);
      if (found == left.end()) return false;
      left.erase(found);
      return true;
    };
    const auto first = static_cast<Index>(place * per_gpu_), last = first + Index(per_gpu_);
    std::vector<char> filled(last - first, 0);
    const auto keep = [&](const std::vector<int>& wanted, bool also_empty) {
      for (Index s = first; s < last; ++s)
        if (filled[s - first] == 0 && (also_empty || wanted[s] != kNoExpert) && take(wanted[s])) {
          renamed[s] = wanted[s];
          filled[s - first] = 1;
        }
    };
    keep(pin_, false);
    keep(running_, true);
    auto rest = left.begin();
    for (Index s = first; s < last; ++s)
      if (filled[s - first] == 0) renamed[s] = *rest++;
  }

  const std::vector<int>&row_, &running_;
  const SolveOptions& options_;
  int gpus_, per_gpu_;
  long never_;                       ///< more than all copies of a row
  std::vector<char> held_, banned_;  ///< [gpu * experts + expert]
  Index experts_;
  std::vector<int> pin_;  ///< [slot]
};

}  // namespace

std::vector<int> relabel_row(const std::vector<int>& row, const std::vector<int>& running,
                             int experts, const SolveOptions& options, int layer) {
  return Relabelling(row, running, experts, options, layer).solve();
}

}  // namespace moescope
