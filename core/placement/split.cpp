#include "core/placement/split.h"

#include <algorithm>
#include <numeric>

#include "core/placement/plan.h"

namespace moescope {
namespace {

/// Experts on several GPUs send their load to GPUs of capacity t; the rest lies
/// fixed on its GPU.
class Transport {
 public:
  Transport(const std::vector<int>& row, std::span<const double> loads, int slots_per_gpu)
      : row_(row), loads_(loads), per_gpu_(slots_per_gpu) {
    const auto gpus = row.size() / static_cast<std::size_t>(slots_per_gpu);
    base_.assign(gpus, 0.0);
    has_slot_.assign(gpus, false);
    slots_of_ = slots_of_experts(row, static_cast<int>(loads.size()));
    build();
  }

  TokenSplit solve() {
    const auto live = std::count(has_slot_.begin(), has_slot_.end(), true);
    double t = live > 0 ? total_ / static_cast<double>(live) : 0;
    for (const double b : base_) t = std::max(t, b);
    eps_ = total_ * 1e-13;
    spread(t);
    while (total_ > 0) {
      if (!augment(t)) break;  // everything is sent
      // The experts and GPUs that were reached form the minimum cut: they need
      // a higher t.
      double load = 0;
      int gpus = 0;
      for (std::size_t g = 0; g < base_.size(); ++g)
        if (seen_gpu_[g]) load += base_[g], ++gpus;
      for (std::size_t i = 0; i < free_.size(); ++i)
        if (seen_expert_[i]) load += free_[i].load;
      const double next = gpus > 0 ? load / gpus : t;
      if (next <= t * (1 + 1e-13)) break;
      t = next;
    }
    return {t, weights()};
  }

 private:
  struct Arc {
    int gpu, slot;
    double flow = 0;
  };
  struct Source {
    double load;
    int expert;
    std::vector<Arc> arcs;
    double sent = 0;
  };
  struct Incoming {
    int source, arc;
  };

  void build() {
    for (std::size_t s = 0; s < row_.size(); ++s)
      if (row_[s] >= 0) has_slot_[s / static_cast<std::size_t>(per_gpu_)] = true;
    incoming_.resize(base_.size());
    for (std::size_t e = 0; e < slots_of_.size(); ++e) {
      if (slots_of_[e].empty() || !(loads_[e] > 0)) continue;
      total_ += loads_[e];
      Source source{loads_[e], static_cast<int>(e), {}};
      for (const int s : slots_of_[e])
        if (source.arcs.empty() || source.arcs.back().gpu != s / per_gpu_)
          source.arcs.push_back({s / per_gpu_, s});
      if (source.arcs.size() == 1) {
        base_[static_cast<std::size_t>(source.arcs[0].gpu)] += loads_[e];
        continue;
      }
      for (std::size_t a = 0; a < source.arcs.size(); ++a)
        incoming_[static_cast<std::size_t>(source.arcs[a].gpu)].push_back(
            {static_cast<int>(free_.size()), static_cast<int>(a)});
      free_.push_back(std::move(source));
    }
    on_ = base_;
  }

  /// A first flow: equal shares as far as the GPUs have room, then what is left
  /// where room is.
  void spread(double t) {
    for (const bool equal : {true, false})
      for (auto& source : free_) {
        const double share =
            equal ? source.load / static_cast<double>(source.arcs.size()) : source.load;
        for (auto& arc : source.arcs) {
          const auto g = static_cast<std::size_t>(arc.gpu);
          const double f = std::max(0.0, std::min({share, t - on_[g], source.load - source.sent}));
          arc.flow += f;
          source.sent += f;
          on_[g] += f;
        }
      }
  }

  /// Sends along shortest augmenting paths until all is sent (false) or a cut
  /// is found (true).
  bool augment(double t) {
    for (;;) {
      const int goal = search(t);
      if (goal == kAllSent) return false;
      if (goal == kCut) return true;
      push(goal, t);
    }
  }

  static constexpr int kAllSent = -1, kCut = -2;

  int search(double t) {
    seen_expert_.assign(free_.size(), false);
    seen_gpu_.assign(base_.size(), false);
    expert_from_.assign(free_.size(), -1);
    expert_arc_.assign(free_.size(), -1);
    gpu_from_.assign(base_.size(), {-1, -1});
    queue_.clear();
    for (std::size_t i = 0; i < free_.size(); ++i)
      if (free_[i].sent < free_[i].load - eps_) {
        seen_expert_[i] = true;
        queue_.push_back(static_cast<int>(i));
      }
    if (queue_.empty()) return kAllSent;
    for (std::size_t head = 0; head < queue_.size(); ++head) {
      const int i = queue_[head];
      const auto& arcs = free_[static_cast<std::size_t>(i)].arcs;
      for (std::size_t a = 0; a < arcs.size(); ++a) {
        const auto g = static_cast<std::size_t>(arcs[a].gpu);
        if (seen_gpu_[g]) continue;
        seen_gpu_[g] = true;
        gpu_from_[g] = {i, static_cast<int>(a)};
        if (on_[g] < t - eps_) return arcs[a].gpu;
        for (const auto& in : incoming_[g]) {
          const auto k = static_cast<std::size_t>(in.source);
          if (seen_expert_[k] || free_[k].arcs[static_cast<std::size_t>(in.arc)].flow <= eps_)
            continue;
          seen_expert_[k] = true;
          expert_from_[k] = arcs[a].gpu;
          expert_arc_[k] = in.arc;
          queue_.push_back(in.source);
        }
      }
    }
    return kCut;
  }

  void push(int goal, double t) {
    double amount = t - on_[static_cast<std::size_t>(goal)];
    int first = -1;
    for (int g = goal; g >= 0;) {
      const auto i = static_cast<std::size_t>(gpu_from_[static_cast<std::size_t>(g)].source);
      first = static_cast<int>(i);
      g = expert_from_[i];
      if (g >= 0)
        amount = std::min(amount, free_[i].arcs[static_cast<std::size_t>(expert_arc_[i])].flow);
    }
    auto& origin = free_[static_cast<std::size_t>(first)];
    amount = std::min(amount, origin.load - origin.sent);
    for (int g = goal; g >= 0;) {
      const auto from = gpu_from_[static_cast<std::size_t>(g)];
      const auto i = static_cast<std::size_t>(from.source);
      free_[i].arcs[static_cast<std::size_t>(from.arc)].flow += amount;
      g = expert_from_[i];
      if (g >= 0) free_[i].arcs[static_cast<std::size_t>(expert_arc_[i])].flow -= amount;
    }
    origin.sent += amount;
    on_[static_cast<std::size_t>(goal)] += amount;
  }

  std::vector<double> weights() const {
    std::vector<double> weight(row_.size(), 0.0);
    for (const auto& slots : slots_of_)
      for (const int s : slots)
        weight[static_cast<std::size_t>(s)] = 1.0 / static_cast<double>(slots.size());
    for (const auto& source : free_) {
      for (const int s : slots_of_[static_cast<std::size_t>(source.expert)])
        weight[static_cast<std::size_t>(s)] = 0;  // a second copy on a GPU gets nothing
      double sum = 0;
      for (const auto& arc : source.arcs) sum += std::max(arc.flow, 0.0);
      for (const auto& arc : source.arcs)
        weight[static_cast<std::size_t>(arc.slot)] =
            sum > 0 ? std::max(arc.flow, 0.0) / sum : 1.0 / static_cast<double>(source.arcs.size());
    }
    return weight;
  }

  const std::vector<int>& row_;
  std::span<const double> loads_;
  int per_gpu_;
  double total_ = 0, eps_ = 0;
  std::vector<double> base_, on_;
  std::vector<bool> has_slot_, seen_expert_, seen_gpu_;
  std::vector<std::vector<int>> slots_of_;
  std::vector<Source> free_;
  std::vector<std::vector<Incoming>> incoming_;
  std::vector<int> expert_from_, expert_arc_, queue_;
  std::vector<Incoming> gpu_from_;
};

}  // namespace

TokenSplit best_split(const std::vector<int>& row, std::span<const double> loads,
                      int slots_per_gpu) {
  return Transport(row, loads, slots_per_gpu).solve();
}

}  // namespace moescope
