#include "core/placement/rules/replica_pattern.h"

#include <algorithm>
#include <numeric>

#include "core/random.h"

namespace moescope {
namespace {

using Index = std::size_t;

constexpr int kMostCandidates = 256;  ///< sets of nodes or GPUs tried for an expert
constexpr double kEvenNodes = 0.02;   ///< weight of a node's load against uneven shares

bool contains(const std::vector<ReplicaRule>& rules, ReplicaRule rule) {
  return std::find(rules.begin(), rules.end(), rule) != rules.end();
}

bool prefers_near(const std::vector<ReplicaRule>& rules) {
  return contains(rules, ReplicaRule::SglangStatic) || contains(rules, ReplicaRule::SglangDynamic);
}

double choose_count(int n, int k) {
  double count = 1;
  for (int i = 0; i < k; ++i) count = count * (n - i) / (i + 1);
  return count;
}

/// The next set of k of n numbers in lexicographic order; false after the last.
bool next_set(std::vector<int>& set, int n) {
  const int k = static_cast<int>(set.size());
  for (int i = k - 1; i >= 0; --i) {
    if (set[static_cast<Index>(i)] == n - k + i) continue;
    ++set[static_cast<Index>(i)];
    for (int j = i + 1; j < k; ++j) set[static_cast<Index>(j)] = set[static_cast<Index>(j - 1)] + 1;
    return true;
  }
  return false;
}

/// All sets of k of n numbers, or so many of them drawn at random.
std::vector<std::vector<int>> sets_of(int n, int k, Random& random) {
  std::vector<std::vector<int>> sets;
  std::vector<int> set(static_cast<Index>(k));
  if (choose_count(n, k) <= kMostCandidates) {
    std::iota(set.begin(), set.end(), 0);
    do sets.push_back(set);
    while (next_set(set, n));
    return sets;
  }
  std::vector<int> pool(static_cast<Index>(n));
  std::iota(pool.begin(), pool.end(), 0);
  for (int i = 0; i < kMostCandidates; ++i) {
    for (int j = 0; j < k; ++j)
      std::swap(pool[static_cast<Index>(j)], pool[static_cast<Index>(j + random.below(n - j))]);
    set.assign(pool.begin(), pool.begin() + k);
    std::sort(set.begin(), set.end());
    sets.push_back(set);
  }
  return sets;
}

}  // namespace

PatternChooser::PatternChooser(int gpus, int nodes, int slots_per_gpu,
                               std::vector<ReplicaRule> rules)
    : gpus_(gpus),
      nodes_(nodes),
      slots_per_gpu_(slots_per_gpu),
      rules_(std::move(rules)),
      draws_(gpus, nodes) {}

int PatternChooser::most_replicas() const {
  return nodes_ == 1 || !prefers_near(rules_) ? gpus_ : std::max(nodes_, gpus_ / nodes_);
}

void PatternChooser::pass(const std::vector<int>& row, int experts) {
  if (!contains(rules_, ReplicaRule::SglangStatic)) return;
  std::vector<std::vector<int>> choice;
  draws_.add_row(row, experts, choice);
}

std::vector<ReplicaGroup> PatternChooser::choose(std::span<const double> loads,
                                                 const std::vector<int>& counts,
                                                 const std::vector<std::vector<double>>* sources) {
  on_node_.assign(static_cast<Index>(nodes_), {});
  on_gpu_.assign(static_cast<Index>(gpus_), {});
  std::vector<ReplicaGroup> groups;
  for (Index e = 0; e < counts.size(); ++e) {
    if (counts[e] < 2) continue;
    source_.assign(static_cast<Index>(gpus_), 1.0 / gpus_);
    double sum = 0;
    if (sources != nullptr)
      for (const auto& rank : *sources) sum += rank[e];
    if (sources != nullptr && sum > 0)
      for (Index r = 0; r < source_.size(); ++r) source_[r] = (*sources)[r][e] / sum;
    groups.push_back(best_of(static_cast<int>(e), counts[e], loads[e]));
  }
  return groups;
}

/// Sets of nodes where they suffice. Else GPUs: of one node where the rules look for near replicas,
/// since on several nodes the lowest of each would get most.
std::vector<std::vector<int>> PatternChooser::candidates(int count, bool on_gpus) {
  if (!on_gpus) return sets_of(nodes_, count, random_);
  const int per_node = gpus_ / nodes_;
  if (!prefers_near(rules_) || count > per_node) return sets_of(gpus_, count, random_);
  std::vector<std::vector<int>> sets;
  for (const auto& set : sets_of(per_node, count, random_))
    for (int node = 0; node < nodes_; ++node) {
      sets.push_back(set);
      for (int& gpu : sets.back()) gpu += node * per_node;
    }
  return sets;
}

ReplicaGroup PatternChooser::best_of(int expert, int count, double load) {
  made_.clear();
  ReplicaGroup best, group{expert, nodes_ == 1 || count > nodes_, {}, {}};
  double least = 0;
  for (auto& units : candidates(count, group.on_gpus)) {
    group.units = std::move(units);
    if (!has_room(group)) continue;
    rate(group, nullptr);
    const double found = cost(group, load);
    if (!best.units.empty() && found >= least) continue;
    least = found;
    best = group;
  }
  if (best.units.empty()) return group;  // no room: the caller finds that the row cannot be filled
  if (contains(rules_, ReplicaRule::SglangStatic)) {
    auto places = draws_.places();
    rate(best, &places);
    draws_.set_places(std::move(places));
  }
  take(best, load);
  return best;
}

bool PatternChooser::has_room(const ReplicaGroup& group) const {
  const int per_node = gpus_ / nodes_;
  return std::all_of(group.units.begin(), group.units.end(), [&](int unit) {
    const int node = group.on_gpus ? unit / per_node : unit;
    return on_node_[static_cast<Index>(node)].slots < per_node * slots_per_gpu_ &&
           (!group.on_gpus || on_gpu_[static_cast<Index>(unit)].slots < slots_per_gpu_);
  });
}

/// Shares under all rules. @param places of the generators, moved on; nullptr: they stay
void PatternChooser::rate(ReplicaGroup& group, std::vector<std::size_t>* places) {
  find_nearest(group);
  group.shares.clear();
  for (const ReplicaRule rule : rules_)
    group.shares.push_back(shares_under(rule, group.units.size(), places));
}

/// The replica nearest to each rank, by number, and the ranks that have none.
void PatternChooser::find_nearest(const ReplicaGroup& group) {
  const int per_node = gpus_ / nodes_;
  nearest_.assign(static_cast<Index>(gpus_), -1);
  drawing_.clear();
  if (group.on_gpus) {
    std::vector<int> slots;
    for (const int gpu : group.units) slots.push_back(gpu * slots_per_gpu_);
    for (int r = 0; r < gpus_; ++r)
      if (const int slot = nearest_slot(slots, r, slots_per_gpu_, per_node); slot >= 0)
        nearest_[static_cast<Index>(r)] =
            static_cast<int>(std::lower_bound(slots.begin(), slots.end(), slot) - slots.begin());
  } else {
    // Several nodes have one each, so that no node has all: a rank's is that of its node.
    for (Index i = 0; i < group.units.size(); ++i)
      std::fill_n(nearest_.begin() + group.units[i] * per_node, per_node, static_cast<int>(i));
  }
  for (int r = 0; r < gpus_; ++r)
    if (nearest_[static_cast<Index>(r)] < 0) drawing_.push_back(r);
}

const PatternChooser::Made& PatternChooser::drawn(int replicas, int ranks, std::size_t place) {
  for (const Made& made : made_)
    if (made.before == place && made.ranks == ranks) return made;
  Made& made = made_.emplace_back(Made{place, place, ranks, {}});
  draws_.draw(replicas, ranks, made.after, made.choices);
  return made;
}

std::vector<double> PatternChooser::shares_under(ReplicaRule rule, Index n,
                                                 std::vector<std::size_t>* places) {
  if (!rule_facts(rule).by_source) return std::vector<double>(n, 1.0 / static_cast<double>(n));
  std::vector<double> shares(n, 0.0);
  if (rule == ReplicaRule::AscendModulo) {
    for (Index r = 0; r < source_.size(); ++r) shares[r % n] += source_[r];
    return shares;
  }
  for (Index r = 0; r < source_.size(); ++r)
    if (nearest_[r] >= 0) shares[static_cast<Index>(nearest_[r])] += source_[r];
  for (Index i = 0; i < drawing_.size(); ++i) {
    const auto r = static_cast<Index>(drawing_[i]);
    if (rule == ReplicaRule::SglangDynamic) {
      for (double& share : shares) share += source_[r] / static_cast<double>(n);
      continue;
    }
    const Made& made =
        drawn(static_cast<int>(n), static_cast<int>(drawing_.size()), draws_.places()[r]);
    shares[static_cast<Index>(made.choices[i])] += source_[r];
    if (places != nullptr) (*places)[r] = made.after;
  }
  return shares;
}

double PatternChooser::cost(const ReplicaGroup& group, double load) const {
  const double even = load / static_cast<double>(group.units.size());
  const int gpus_of_unit = group.on_gpus ? 1 : gpus_ / nodes_;
  const double room = gpus_of_unit;
  double uneven = 0, over = 0, nodes = 0;
  for (Index i = 0; i < group.units.size(); ++i) {
    double most = 0;
    for (const auto& shares : group.shares) most = std::max(most, shares[i] * load);
    const auto unit = static_cast<Index>(group.units[i]);
    const double there = (group.on_gpus ? on_gpu_ : on_node_)[unit].tokens;
    uneven = std::max(uneven, most - even);
    over = std::max(over, there + most - room);
    nodes += there / room / static_cast<double>(group.units.size());
  }
  return uneven + std::max(0.0, over) + kEvenNodes * nodes;
}

void PatternChooser::take(const ReplicaGroup& group, double load) {
  const int per_node = gpus_ / nodes_;
  for (Index i = 0; i < group.units.size(); ++i) {
    double most = 0;
    for (const auto& shares : group.shares) most = std::max(most, shares[i] * load);
    const int node = group.on_gpus ? group.units[i] / per_node : group.units[i];
    on_node_[static_cast<Index>(node)].tokens += most;
    ++on_node_[static_cast<Index>(node)].slots;
    if (!group.on_gpus) continue;
    on_gpu_[static_cast<Index>(group.units[i])].tokens += most;
    ++on_gpu_[static_cast<Index>(group.units[i])].slots;
  }
}

}  // namespace moescope
