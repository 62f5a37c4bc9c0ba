#include "core/placement/solve/pairing.h"

#include <algorithm>
#include <cmath>

#include "core/placement/bounds.h"
#include "core/placement/solve/search.h"

namespace moescope {
namespace {

struct Item {
  double share;
  int count, expert;
};
using Items = std::vector<Item>;

struct Quality {
  double excess = 0;  ///< sum over GPUs of max(0, load - target)^2
  double heaviest = 0;
};

/// Sorts a nearly sorted list, heaviest first.
void insertion_sort(Items& items) {
  for (std::size_t i = 1; i < items.size(); ++i) {
    const Item item = items[i];
    std::size_t j = i;
    for (; j > 0 && items[j - 1].share < item.share; --j) items[j] = items[j - 1];
    items[j] = item;
  }
}

Quality pair_up(Items& items, int gpus, double target) {
  insertion_sort(items);
  Quality q;
  std::size_t i = 0, j = items.size() - 1;
  int heavy = items[i].count, light = items[j].count;
  for (int left = gpus; left > 0;) {
    // In one item the replicas pair with each other.
    const int n = i == j ? left : std::min({heavy, light, left});
    const double load = items[i].share + items[j].share, over = load - target;
    if (over > 0) q.excess += n * over * over;
    q.heaviest = std::max(q.heaviest, load);
    left -= n;
    if (left == 0) break;
    if ((heavy -= n) == 0) heavy = items[++i].count;
    if ((light -= n) == 0) light = items[--j].count;
  }
  return q;
}

class CountSearch {
 public:
  CountSearch(std::span<const double> loads, int gpus, std::uint64_t seed)
      : loads_(loads), gpus_(gpus), random_(seed) {
    const auto counts = balanced_counts(loads, 2 * gpus, gpus);
    for (std::size_t e = 0; e < loads.size(); ++e)
      best_.push_back({loads[e] / counts[e], counts[e], static_cast<int>(e)});
    heaviest_ = pair_up(best_, gpus_, 0).heaviest;
  }

  void round(double bound, int moves, const Progress& progress) {
    constexpr double kAim = 0.9;  // the target lies this far between bound and best
    constexpr double kHottest = 1e-3, kColdest = 1e-6;
    items_ = best_;
    const double target = bound + (heaviest_ - bound) * kAim;
    double excess = pair_up(items_, gpus_, target).excess, temperature = kHottest;
    const double factor = std::pow(kColdest / kHottest, 1.0 / moves);
    for (int m = 0; m < moves && excess > 0; ++m, temperature *= factor) {
      if (m % 256 == 0 && progress.cancelled()) return;
      saved_ = items_;
      if (!move_replica()) continue;
      const auto q = pair_up(items_, gpus_, target);
      const double u = (static_cast<double>(random_.next() >> 11) + 0.5) / 9007199254740992.0;
      if (q.excess - excess > -temperature * std::log(u)) {
        items_.swap(saved_);
        continue;
      }
      excess = q.excess;
      if (q.heaviest < heaviest_ - 1e-12) {
        heaviest_ = q.heaviest;
        best_ = items_;
      }
    }
  }

  std::vector<int> counts() const {
    std::vector<int> counts(loads_.size(), 1);
    for (const auto& item : best_) counts[static_cast<std::size_t>(item.expert)] = item.count;
    return counts;
  }

 private:
  /// Takes a replica from one expert and gives it to another that is not much
  /// lighter.
  bool move_replica() {
    const int n = static_cast<int>(items_.size());
    constexpr int kTries = 64;
    Item* from = nullptr;
    for (int i = 0; i < kTries && from == nullptr; ++i) {
      auto& item = items_[static_cast<std::size_t>(random_.below(n))];
      if (item.count > 1) from = &item;
    }
    if (from == nullptr) return false;
    for (int i = 0; i < kTries; ++i) {
      auto& to = items_[static_cast<std::size_t>(random_.below(n))];
      if (&to == from || to.count >= gpus_ || to.share * 2 < from->share) continue;
      set(to, to.count + 1);
      set(*from, from->count - 1);
      return true;
    }
    return false;
  }
  void set(Item& item, int count) const {
    item.count = count;
    item.share = loads_[static_cast<std::size_t>(item.expert)] / count;
  }

  std::span<const double> loads_;
  int gpus_;
  Random random_;
  Items items_, saved_, best_;
  double heaviest_ = 0;
};

}  // namespace

std::vector<int> search_pair_counts(std::span<const double> loads, int gpus, double bound,
                                    int moves, std::uint64_t seed, const Progress& progress) {
  CountSearch search(loads, gpus, seed);
  for (int round = 0; round < 4; ++round) search.round(bound, moves, progress);
  return search.counts();
}

std::vector<int> pack_pairs(std::span<const double> loads, const std::vector<int>& counts,
                            int gpus) {
  std::vector<int> order;
  for (std::size_t e = 0; e < counts.size(); ++e)
    order.insert(order.end(), static_cast<std::size_t>(counts[e]), static_cast<int>(e));
  const auto share = [&](int e) {
    return loads[static_cast<std::size_t>(e)] / counts[static_cast<std::size_t>(e)];
  };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return share(a) > share(b); });
  std::vector<int> row(order.size());
  const auto n = static_cast<std::size_t>(gpus);
  for (std::size_t g = 0; g < n; ++g) {
    row[2 * g] = order[g];
    row[2 * g + 1] = order[2 * n - 1 - g];
  }
  // The light halves of two GPUs are exchanged where the heaviest of both grows
  // least.
  for (std::size_t g = 0; g < n; ++g) {
    if (row[2 * g] != row[2 * g + 1]) continue;
    std::size_t best = n;
    double best_load = 0;
    for (std::size_t h = 0; h < n; ++h) {
      if (row[2 * h] == row[2 * g] || row[2 * h + 1] == row[2 * g]) continue;
      const double load = std::max(share(row[2 * g]) + share(row[2 * h + 1]),
                                   share(row[2 * h]) + share(row[2 * g]));
      if (best == n || load < best_load) best = h, best_load = load;
    }
    if (best < n) std::swap(row[2 * g + 1], row[2 * best + 1]);
  }
  return row;
}

}  // namespace moescope
