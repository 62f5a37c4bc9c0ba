#include "core/placement/solve/layer_solver.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/placement/bounds.h"
#include "core/placement/plan.h"
#include "core/placement/solve/connect.h"
#include "core/placement/solve/pairing.h"
#include "core/placement/split.h"

namespace moescope {
namespace {

using Index = std::size_t;

constexpr double kTolerance = 0.0015;    ///< excess over the bound at which a layer is done
constexpr double kSoftTolerance = 0.01;  ///< the same where each step costs traffic or copies
constexpr double kSumWeight = 1000;      ///< of the sum of the windows against all of them
constexpr std::int64_t kSmall = 64;      ///< slots
constexpr int kFewSlots = 3;             ///< of a GPU
constexpr double kUnlucky = 1.005;       ///< times the bound: worth a second annealing
constexpr double kConnectTolerance = 0.01;
constexpr double kPriceHot = 0.3;         ///< first temperature of a price level, times the price
constexpr std::int64_t kPriceMoves = 60;  ///< of a price level, times the slots

/// Annealing temperatures are squares of excess loads: 1e-2 is a tenth of a
/// mean GPU load.
constexpr double kCold = 1e-8;

double sum(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0);
}

}  // namespace

LayerSolver::LayerSolver(const std::vector<LayerLoads>& windows, const SolveOptions& options,
                         int layer)
    : options_(options),
      layer_(layer),
      seed_(options.seed * 0x9E3779B97F4A7C15ULL + static_cast<std::uint64_t>(layer) * 1000003) {
  problem_.gpus = options.gpus;
  problem_.slots_per_gpu = options.slot_count / options.gpus;
  scale_loads(windows);
  constrain();
}

std::uint64_t LayerSolver::next_seed() {
  return seed_ += 0xD1B54A32D192ED03ULL;
}

void LayerSolver::scale_loads(const std::vector<LayerLoads>& windows) {
  const auto l = static_cast<Index>(layer_);
  const Index experts = windows[0][l].size();
  problem_.experts = static_cast<int>(experts);
  totals_.assign(experts, 0.0);
  mean_loads_.assign(experts, 0.0);
  const double live = options_.gpus - static_cast<double>(options_.dead_gpus.size());
  for (const auto& window : windows) {
    const double mean = sum(window[l]) / live;
    if (!(mean > 0)) continue;
    auto& scaled = problem_.loads.emplace_back(window[l]);
    for (Index e = 0; e < experts; ++e) {
      totals_[e] += window[l][e];
      scaled[e] /= mean;
    }
  }
  // A layer without load is planned as if all experts were alike.
  if (problem_.loads.empty()) {
    problem_.loads.emplace_back(experts, live / static_cast<double>(experts));
    mean_loads_ = problem_.loads[0];
  }
  const double scale = live / sum(totals_);
  if (sum(totals_) > 0)
    for (Index e = 0; e < experts; ++e) mean_loads_[e] = totals_[e] * scale;
  // With several windows their sum counts most: it is the best guess of what comes.
  if (problem_.loads.size() > 1) {
    problem_.weight.assign(problem_.loads.size(), 1.0);
    problem_.loads.push_back(mean_loads_);
    problem_.weight.push_back(kSumWeight * static_cast<double>(problem_.weight.size()));
  }
  const int live_gpus = static_cast<int>(live);
  bound_ = imbalance_bound(mean_loads_, live_gpus * problem_.slots_per_gpu, live_gpus);
  target_ = options_.target(bound_, kTolerance);
}

void LayerSolver::allow_all_but_forbidden() {
  const auto gpus = static_cast<Index>(options_.gpus);
  problem_.allowed.assign(static_cast<Index>(problem_.experts) * gpus, 1);
  for (const auto& f : options_.forbidden)
    if (f.layer < 0 || f.layer == layer_)
      problem_.allowed[static_cast<Index>(f.expert) * gpus + static_cast<Index>(f.gpu)] = 0;
  for (const int g : options_.dead_gpus)
    for (Index e = 0; e < static_cast<Index>(problem_.experts); ++e)
      problem_.allowed[e * gpus + static_cast<Index>(g)] = 0;
}

void LayerSolver::constrain() {
  const auto gpus = static_cast<Index>(options_.gpus);
  if (!options_.forbidden.empty() || !options_.dead_gpus.empty() ||
      options_.hierarchy != Hierarchy::Off)
    allow_all_but_forbidden();
  for (const auto& p : options_.pinned)
    if (p.layer < 0 || p.layer == layer_) pins_.push_back({p.slot, p.expert});
  if (!pins_.empty()) {
    problem_.fixed.assign(static_cast<Index>(problem_.slot_count()), 0);
    for (const auto& p : pins_) problem_.fixed[static_cast<Index>(p.slot)] = 1;
  }
  if (options_.from != nullptr) {
    problem_.held.assign(static_cast<Index>(problem_.experts) * gpus, 0);
    const auto& old = options_.from->physical_to_logical[static_cast<Index>(layer_)];
    for (Index s = 0; s < old.size(); ++s)
      if (old[s] >= 0)
        problem_.held[static_cast<Index>(old[s]) * gpus +
                      s / static_cast<Index>(problem_.slots_per_gpu)] = 1;
  }
  if (options_.hierarchy != Hierarchy::Off && options_.nodes > 1) bind_groups();
}

/// Keeps each group on one node: that of the running plan when it has one, else
/// the best.
void LayerSolver::bind_groups() {
  node_of_group_ = homes_of_previous();
  double cost = 1;
  if (node_of_group_.empty()) {
    const auto assignment = assign_groups(mean_loads_, problem_.slot_count(), options_.gpus,
                                          options_.nodes, options_.groups);
    node_of_group_ = assignment.node_of_group;
    cost = assignment.cost;
  }
  const int size = problem_.experts / options_.groups;
  const int per_node = options_.gpus / options_.nodes;
  for (int e = 0; e < problem_.experts; ++e)
    for (int g = 0; g < options_.gpus; ++g)
      if (node_of_group_[static_cast<Index>(e / size)] != g / per_node)
        problem_.allowed[static_cast<Index>(e) * static_cast<Index>(options_.gpus) +
                         static_cast<Index>(g)] = 0;
  problem_.block_gpus = per_node;
  target_ = options_.target(std::max(bound_, cost), kTolerance);
  if (options_.hierarchy == Hierarchy::Hard) bound_ = std::max(bound_, cost);
}

/// Nodes of the groups in the running plan; empty when there is none or it is
/// not hierarchical.
std::vector<int> LayerSolver::homes_of_previous() const {
  if (options_.from == nullptr) return {};
  const auto& old = options_.from->physical_to_logical[static_cast<Index>(layer_)];
  const int size = problem_.experts / options_.groups, per_node = options_.gpus / options_.nodes;
  std::vector<int> homes(static_cast<Index>(options_.groups), -1);
  std::vector<int> groups_on(static_cast<Index>(options_.nodes), 0);
  for (Index s = 0; s < old.size(); ++s) {
    if (old[s] < 0) continue;
    int& home = homes[static_cast<Index>(old[s] / size)];
    const int node = static_cast<int>(s) / problem_.slots_per_gpu / per_node;
    if (home >= 0 && home != node) return {};
    if (home < 0 && ++groups_on[static_cast<Index>(node)] > options_.groups / options_.nodes)
      return {};
    home = node;
  }
  return homes;
}

std::vector<Cell> LayerSolver::cells() const {
  const int count = node_of_group_.empty() ? 1 : options_.nodes;
  const int size = problem_.experts / options_.groups, per_cell = options_.gpus / count;
  std::vector<Cell> cells(static_cast<Index>(count));
  for (int e = 0; e < problem_.experts; ++e)
    cells[node_of_group_.empty() ? 0
                                 : static_cast<Index>(node_of_group_[static_cast<Index>(e / size)])]
        .experts.push_back(e);
  for (int g = 0; g < options_.gpus; ++g)
    if (!std::binary_search(options_.dead_gpus.begin(), options_.dead_gpus.end(), g))
      cells[static_cast<Index>(g / per_cell)].gpus.push_back(g);
  return cells;
}

void LayerSolver::start() {
  row_ = construct_row(problem_, mean_loads_, cells());
  apply_pins(row_, problem_, pins_);
  place_missing(row_, problem_, mean_loads_);
  best_ = cost(row_);
}

/// The running plan with dead GPUs emptied, forbidden pairs left to the search
/// to avoid.
void LayerSolver::start_from_previous() {
  row_ = options_.from->physical_to_logical[static_cast<Index>(layer_)];
  for (Index s = 0; s < row_.size(); ++s)
    if (std::binary_search(options_.dead_gpus.begin(), options_.dead_gpus.end(),
                           static_cast<int>(s) / problem_.slots_per_gpu))
      row_[s] = kNoExpert;
  evict_forbidden(row_, problem_);
  apply_pins(row_, problem_, pins_);
  place_missing(row_, problem_, mean_loads_);
  best_ = cost(row_);
}

/// Heaviest GPU, tokens over all windows.
double LayerSolver::max_load(const std::vector<int>& row) const {
  const auto per_gpu = gpu_loads(row, mean_loads_, problem_.gpus);
  return *std::max_element(per_gpu.begin(), per_gpu.end());
}

/// What the search lowers: the heaviest GPU; with several windows target and root of the excess.
double LayerSolver::cost(const std::vector<int>& row) const {
  if (!robust()) return max_load(row);
  double excess = 0;
  for (Index w = 0; w < problem_.loads.size(); ++w)
    for (const double l : gpu_loads(row, problem_.loads[w], problem_.gpus))
      excess += problem_.weight[w] * std::pow(std::max(0.0, l - target_), 2);
  return target_ + std::sqrt(excess);
}

void LayerSolver::adopt(const LayerSearch& search) {
  const double found = cost(search.best_row());
  if (found >= best_) return;
  row_ = search.best_row();
  best_ = found;
}

void LayerSolver::improve(const std::vector<int>& from, LayerSearch::Schedule schedule,
                          const Progress& progress) {
  if (best_ <= target_ || progress.cancelled()) return;
  LayerSearch search(problem_, from, next_seed());
  search.anneal(schedule, progress);
  adopt(search);
}

/// A cheap descent first; a slow annealing from the start when that does not
/// do; then with targets that can be reached, because far below a reachable
/// load the objective weighs the wrong GPUs.
void LayerSolver::search(const Progress& progress) {
  const auto first = row_;
  const std::int64_t slots = problem_.slot_count();
  improve(first, {target_, 250 * slots, 1e-7, kCold}, progress);
  if (best_ <= target_) return;
  // With few slots per GPU the first placement is far from good: hotter and longer there.
  const bool tight = problem_.slots_per_gpu <= kFewSlots;
  const LayerSearch::Schedule slow{
      target_, std::min<std::int64_t>((tight ? 5 : 3) * slots * slots / 2, 3000 * slots),
      tight ? 1e-2 : 1e-3, kCold};
  if (robust()) {
    improve(row_, {target_, 1000 * slots, 1e-5, kCold}, progress);
    return;
  }
  if (problem_.slots_per_gpu == 2 && problem_.allowed.empty() && pins_.empty())
    search_pairs(progress);
  else
    improve(first, slow, progress);
  if (problem_.slots_per_gpu > 2 && best_ > bound_ * kUnlucky) improve(first, slow, progress);
  // Small problems are searched from many sides: that costs next to nothing.
  for (int round = 0; slots <= kSmall && round < 16 && best_ > target_; ++round)
    improve(first, {target_, 20000, round % 2 == 0 ? 1.0 : 1e-2, kCold}, progress);
  for (int round = 0; round < 2 && best_ > target_; ++round)
    improve(row_, {bound_ + (best_ - bound_) * 0.8, 150 * slots, 1e-6, kCold}, progress);
}

void LayerSolver::search_pairs(const Progress& progress) {
  const auto counts = search_pair_counts(problem_.loads[0], problem_.gpus, bound_,
                                         17 * problem_.slot_count(), next_seed(), progress);
  auto row = pack_pairs(problem_.loads[0], counts, problem_.gpus);
  const double load = max_load(row);
  if (load < best_) {
    row_ = std::move(row);
    best_ = load;
  }
}

/// Copies are bought at a price that falls until the layer is good enough or
/// the budget is spent.
void LayerSolver::spend_copies(const Progress& progress) {
  target_ = options_.target(bound_, options_.max_copies ? kTolerance : kSoftTolerance);
  const auto& old = options_.from->physical_to_logical[static_cast<Index>(layer_)];
  problem_.max_copies = std::max(options_.max_copies.value_or(problem_.slot_count()),
                                 copies_needed(row_, old, problem_.gpus));
  LayerSearch search(problem_, row_, next_seed());
  search.relieve(target_, progress);
  adopt(search);
}

/// Anneals with a price on every pair that is not in `free`, lower and lower.
void LayerSolver::descend_prices(const std::vector<char>& free, const std::vector<double>& prices,
                                 const Progress& progress) {
  auto row = row_;
  for (const double price : prices) {
    if (best_ <= target_ || progress.cancelled()) return;
    for (Index i = 0; i < free.size(); ++i) problem_.penalty[i] = free[i] != 0 ? 0 : price;
    LayerSearch search(problem_, row, next_seed());
    search.anneal({target_, kPriceMoves * problem_.slot_count(), price * kPriceHot, price * 1e-2},
                  progress);
    row = search.best_row();
    adopt(search);
  }
}

/// Lets replicas leave their node at a price that falls until the target is
/// reached.
void LayerSolver::loosen_hierarchy(const Progress& progress) {
  target_ = options_.target(bound_, kSoftTolerance);
  if (best_ <= target_) return;
  const auto home = problem_.allowed;
  allow_all_but_forbidden();
  problem_.block_gpus = 0;
  problem_.penalty.assign(home.size(), 0.0);
  descend_prices(home, {3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6}, progress);
  problem_.penalty.clear();
}

/// Of several connected placements the one whose best split follows sampled
/// drift best.
void LayerSolver::connect(const Progress& progress) {
  const double limit = std::max(best_, bound_ * (1 + kConnectTolerance));
  const auto drifted = drift_samples();
  const auto from = row_;
  double best_loss = 0;
  constexpr int kCandidates = 6, kTries = 15000;
  for (int candidate = 0; candidate < kCandidates && !progress.cancelled(); ++candidate) {
    auto row = from;
    connect_row(problem_, row, limit, kTries, next_seed(), progress);
    double loss = 0;
    for (const auto& loads : drifted) {
      loss += std::pow(best_split(row, loads, problem_.slots_per_gpu).max_load - 1, 2);
      if (candidate > 0 && loss >= best_loss) break;
    }
    if (candidate > 0 && loss >= best_loss) continue;
    best_loss = loss;
    row_ = std::move(row);
  }
  best_ = max_load(row_);
}

/// Loads a while later: every expert's changed by its own lognormal factor.
std::vector<std::vector<double>> LayerSolver::drift_samples() {
  constexpr int kSamples = 12;
  constexpr double kDrift = 0.1;
  Random random(next_seed());
  const auto uniform = [&] {
    return (static_cast<double>(random.next() >> 11) + 0.5) / 9007199254740992.0;
  };
  std::vector<std::vector<double>> samples;
  for (int k = 0; k < kSamples; ++k) {
    auto& loads = samples.emplace_back(mean_loads_);
    for (auto& l : loads)
      l *= std::exp(kDrift * std::sqrt(-2 * std::log(uniform())) *
                    std::cos(2 * std::numbers::pi * uniform()));
    const double scale = sum(mean_loads_) / sum(loads);
    for (auto& l : loads) l *= scale;
  }
  return samples;
}

SolvedLayer LayerSolver::solve(const Progress& progress) {
  if (options_.from != nullptr) {
    start_from_previous();
    spend_copies(progress);
  } else {
    start();
    search(progress);
  }
  if (options_.hierarchy == Hierarchy::Soft && !node_of_group_.empty()) loosen_hierarchy(progress);
  if (options_.connected) connect(progress);
  SolvedLayer result{.imbalance = max_load(row_), .target = target_};
  result.reached = result.imbalance <= target_ + 1e-7;
  if (options_.from != nullptr)
    result.copies = copies_needed(
        row_, options_.from->physical_to_logical[static_cast<Index>(layer_)], problem_.gpus);
  return result;
}

}  // namespace moescope
