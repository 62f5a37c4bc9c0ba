#include "core/placement/solve/connect.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/placement/evaluate.h"
#include "core/placement/plan.h"

namespace moescope {
namespace {

using Index = std::size_t;

class Connector {
 public:
  Connector(const SearchProblem& problem, std::vector<int>& row, double max_load,
            std::uint64_t seed)
      : p_(problem), row_(row), max_load_(max_load), random_(seed) {
    counts_ = replica_counts(row, p_.experts);
    present_.assign(static_cast<Index>(p_.experts) * static_cast<Index>(p_.gpus), 0);
    load_.assign(p_.loads.size() * static_cast<Index>(p_.gpus), 0.0);
    for (Index s = 0; s < row.size(); ++s) {
      if (row[s] < 0) continue;
      const int g = static_cast<int>(s) / p_.slots_per_gpu;
      ++present_[pair(row[s], g)];
      copies_ += copy_cost(row[s], g);
      for (Index w = 0; w < p_.loads.size(); ++w) load_[at(w, g)] += share(w, row[s]);
    }
    for (const double l : load_) excess_ += over(l);
    for (int g = 0; g < p_.gpus; ++g)
      live_ += row[static_cast<Index>(g) * static_cast<Index>(p_.slots_per_gpu)] >= 0 ? 1 : 0;
    index_.assign(static_cast<Index>(p_.experts), -1);
    const auto slots = slots_of_experts(row, p_.experts);
    for (Index e = 0; e < slots.size(); ++e) {
      if (slots[e].size() < 2) continue;
      index_[e] = static_cast<int>(hosts_.size());
      for (auto& gpus = hosts_.emplace_back(); const int s : slots[e])
        gpus.push_back(s / p_.slots_per_gpu);
    }
  }

  /// Anneals on components and on load above the limit; ends with the best
  /// state that keeps to it.
  void run(int tries, const Progress& progress) {
    constexpr double kPart = 1e-3, kHottest = 3e-4, kColdest = 1e-7;
    label();
    auto best = row_;
    int fewest = components_;
    double temperature = kHottest;
    const double factor = std::pow(kColdest / kHottest, 1.0 / std::max(tries, 1));
    for (int i = 0; i < tries && fewest > 1; ++i, temperature *= factor) {
      if (i % 64 == 0 && progress.cancelled()) break;
      const int s = random_.below(p_.slot_count()), t = random_.below(p_.slot_count());
      if (!may_swap(s, t)) continue;
      if (!try_swap(s, t, temperature * random_.exponential(), kPart)) continue;
      if (components_ < fewest && excess_ < 1e-12) {
        fewest = components_;
        best = row_;
      }
    }
    row_ = best;
  }

 private:
  Index pair(int expert, int gpu) const {
    return static_cast<Index>(expert) * static_cast<Index>(p_.gpus) + static_cast<Index>(gpu);
  }
  Index at(Index window, int gpu) const {
    return window * static_cast<Index>(p_.gpus) + static_cast<Index>(gpu);
  }
  double share(Index window, int expert) const {
    return p_.loads[window][static_cast<Index>(expert)] / counts_[static_cast<Index>(expert)];
  }
  int copy_cost(int expert, int gpu) const {
    return p_.held.empty() || p_.held[pair(expert, gpu)] != 0 ? 0 : 1;
  }
  bool may_host(int expert, int gpu) const {
    return present_[pair(expert, gpu)] == 0 &&
           (p_.allowed.empty() || p_.allowed[pair(expert, gpu)] != 0);
  }
  bool may_swap(int s, int t) const {
    const int a = row_[static_cast<Index>(s)], b = row_[static_cast<Index>(t)];
    const int g = s / p_.slots_per_gpu, h = t / p_.slots_per_gpu;
    if (g == h || a < 0 || b < 0 || a == b || !may_host(b, g) || !may_host(a, h)) return false;
    if (!p_.fixed.empty() && (p_.fixed[static_cast<Index>(s)] || p_.fixed[static_cast<Index>(t)]))
      return false;
    return copies_ + copy_change(a, b, g, h) <= std::max(p_.max_copies, copies_);
  }
  int copy_change(int a, int b, int g, int h) const {
    return copy_cost(b, g) + copy_cost(a, h) - copy_cost(a, g) - copy_cost(b, h);
  }
  void move_host(int expert, int from, int to) {
    const int i = index_[static_cast<Index>(expert)];
    if (i < 0) return;
    auto& gpus = hosts_[static_cast<Index>(i)];
    *std::find(gpus.begin(), gpus.end(), from) = to;
  }
  double over(double load) const {
    const double o = load - max_load_;
    return o > 0 ? o * o : 0;
  }
  /// Exchanges two slots unless excess load and components grow by more than
  /// `threshold`.
  bool try_swap(int s, int t, double threshold, double part) {
    int& a = row_[static_cast<Index>(s)];
    int& b = row_[static_cast<Index>(t)];
    const int g = s / p_.slots_per_gpu, h = t / p_.slots_per_gpu;
    double delta = 0;
    for (Index w = 0; w < p_.loads.size(); ++w) {
      const double d = share(w, a) - share(w, b), lg = load_[at(w, g)], lh = load_[at(w, h)];
      delta += over(lg - d) + over(lh + d) - over(lg) - over(lh);
    }
    const bool links = counts_[static_cast<Index>(a)] > 1 || counts_[static_cast<Index>(b)] > 1;
    if (delta > threshold + (links ? 3 * part : 0)) return false;
    if (links) {
      const int before = components_;
      move_host(a, g, h);
      move_host(b, h, g);
      label();
      if (delta + part * (components_ - before) > threshold) {
        move_host(a, h, g);
        move_host(b, g, h);
        components_ = before;
        return false;
      }
    }
    std::swap(a, b);
    for (Index w = 0; w < p_.loads.size(); ++w) {  // a is now on g what b was on h
      const double d = share(w, b) - share(w, a);
      load_[at(w, g)] -= d;
      load_[at(w, h)] += d;
    }
    excess_ += delta;
    copies_ += copy_change(b, a, g, h);
    --present_[pair(b, g)], ++present_[pair(a, g)];
    --present_[pair(a, h)], ++present_[pair(b, h)];
    return true;
  }
  /// Counts the components.
  void label() {
    parent_.resize(static_cast<Index>(p_.gpus));
    std::iota(parent_.begin(), parent_.end(), Index{0});
    const auto find = [this](Index x) {
      while (parent_[x] != x) x = parent_[x] = parent_[parent_[x]];
      return x;
    };
    components_ = live_;
    for (const auto& gpus : hosts_)
      for (Index i = 1; i < gpus.size(); ++i) {
        const Index x = find(static_cast<Index>(gpus[i])), y = find(static_cast<Index>(gpus[0]));
        if (x == y) continue;
        parent_[x] = y;
        --components_;
      }
  }

  const SearchProblem& p_;
  std::vector<int>& row_;
  double max_load_;
  Random random_;
  std::vector<int> counts_;
  std::vector<std::uint16_t> present_;
  std::vector<std::vector<int>> hosts_;  ///< GPUs of each replicated expert
  std::vector<int> index_;               ///< [expert] of hosts_, -1 for a single replica
  std::vector<double> load_;
  std::vector<Index> parent_;
  double excess_ = 0;  ///< sum of max(0, GPU load - limit)^2
  int copies_ = 0, components_ = 1, live_ = 0;
};

}  // namespace

void connect_row(const SearchProblem& problem, std::vector<int>& row, double max_load, int tries,
                 std::uint64_t seed, const Progress& progress) {
  Connector(problem, row, max_load, seed).run(tries, progress);
}

}  // namespace moescope
