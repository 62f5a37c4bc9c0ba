#include "core/placement/rules/rule_bound.h"

#include <algorithm>
#include <numeric>

#include "core/placement/bounds.h"

namespace moescope {
namespace {

using Index = std::size_t;

/// The largest share that `n` replicas leave to one of them.
double share_of_ranks(int n, int ranks) {
  return static_cast<double>((ranks + n - 1) / n) / ranks;
}

/// Replicas that are needed for a smaller share than that of `n`.
int next_count(int n, int ranks) {
  const int most = (ranks + n - 1) / n;
  return most < 2 ? n : (ranks + most - 2) / (most - 1);
}

/// Adds replicas of the heaviest until that is not possible; the slots left over.
int relieve_heaviest(std::span<const double> loads, int spare, int max_replicas, int ranks,
                     std::vector<int>& counts) {
  const auto heaviest = [&] {
    Index best = 0;
    for (Index e = 1; e < loads.size(); ++e)
      if (loads[e] * share_of_ranks(counts[e], ranks) >
          loads[best] * share_of_ranks(counts[best], ranks))
        best = e;
    return best;
  };
  for (;;) {
    const Index e = heaviest();
    const int next = next_count(counts[e], ranks), more = next - counts[e];
    if (!(loads[e] > 0) || more < 1 || more > spare || next > max_replicas) return spare;
    counts[e] = next;
    spare -= more;
  }
}

/// The heaviest replica can be no lighter than what the largest source sends.
double bound_of_sources(std::span<const double> loads, int slots, int gpus, double mean,
                        const std::vector<std::vector<double>>& sources) {
  double most = 0;
  for (Index e = 0; e < loads.size(); ++e) {
    double sum = 0, largest = 0;
    for (const auto& rank : sources) sum += rank[e], largest = std::max(largest, rank[e]);
    if (sum > 0) most = std::max(most, loads[e] * largest / sum);
  }
  return std::max(imbalance_bound(loads, slots, gpus), most / mean);
}

}  // namespace

std::vector<int> counts_for_ranks(std::span<const double> loads, int slots, int max_replicas,
                                  int ranks) {
  std::vector<int> counts(loads.size(), 1);
  int spare =
      relieve_heaviest(loads, slots - static_cast<int>(loads.size()), max_replicas, ranks, counts);
  std::vector<Index> coldest(loads.size());
  std::iota(coldest.begin(), coldest.end(), Index{0});
  std::stable_sort(coldest.begin(), coldest.end(),
                   [&](Index a, Index b) { return loads[a] < loads[b]; });
  for (bool more = true; spare > 0 && more;) {
    more = false;
    for (const Index e : coldest)
      if (spare > 0 && counts[e] < max_replicas) ++counts[e], --spare, more = true;
  }
  return counts;
}

double rule_bound(std::span<const double> loads, int slots, int gpus, ReplicaRule rule,
                  const std::vector<std::vector<double>>* sources) {
  const double mean = std::accumulate(loads.begin(), loads.end(), 0.0) / gpus;
  if (!(mean > 0)) return 1;
  if (!rule_facts(rule).one_per_rank) return imbalance_bound(loads, slots, gpus);
  if (sources != nullptr) return bound_of_sources(loads, slots, gpus, mean, *sources);
  std::vector<int> counts(loads.size(), 1);
  relieve_heaviest(loads, slots - static_cast<int>(loads.size()), gpus, gpus, counts);
  double heaviest = 0;
  for (Index e = 0; e < loads.size(); ++e)
    heaviest = std::max(heaviest, loads[e] * share_of_ranks(counts[e], gpus));
  return std::max(1.0, heaviest / mean);
}

}  // namespace moescope
