#include "core/placement/solve/search.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/placement/plan.h"

namespace moescope {
namespace {

/// An objective below this is rounding: every GPU is within 1e-7 of the target.
constexpr double kReached = 1e-14;
constexpr double kGainOfRelief = 1e-12;  ///< relative; below is rounding

}  // namespace

LayerSearch::LayerSearch(const SearchProblem& problem, std::vector<int> row, std::uint64_t seed)
    : problem_(problem), random_(seed), windows_(static_cast<int>(problem.loads.size())) {
  gpu_of_.resize(row.size());
  for (std::size_t s = 0; s < row.size(); ++s)
    gpu_of_[s] = static_cast<int>(s) / problem.slots_per_gpu;
  reset(std::move(row));
  best_row_ = row_;
  best_max_ = max_load();
}

void LayerSearch::reset(std::vector<int> row) {
  row_ = std::move(row);
  const auto experts = static_cast<std::size_t>(problem_.experts);
  hosts_ = slots_of_experts(row_, problem_.experts);
  count_ = replica_counts(row_, problem_.experts);
  present_.assign(experts * static_cast<std::size_t>(problem_.gpus), 0);
  load_.assign(static_cast<std::size_t>(windows_ * problem_.gpus), 0.0);
  share_.assign(static_cast<std::size_t>(windows_) * experts, 0.0);
  for (int e = 0; e < problem_.experts; ++e) recount(e, 0);
  copies_ = 0;
  penalty_sum_ = 0;
  for (int s = 0; s < problem_.slot_count(); ++s) {
    const int e = row_[static_cast<std::size_t>(s)];
    if (e < 0) continue;
    const int g = gpu_of(s);
    if (present_[pair(e, g)]++ == 0) {
      copies_ += copy_cost(e, g);
      penalty_sum_ += penalty(e, g);
    }
    for (int w = 0; w < windows_; ++w) load_[at(w, g)] += share(w, e);
  }
}

double LayerSearch::max_load() const {
  return *std::max_element(load_.begin(), load_.end());
}

double LayerSearch::objective() const {
  double sum = penalty_sum_;
  for (int w = 0; w < windows_; ++w)
    for (int g = 0; g < problem_.gpus; ++g) sum += weight(w) * excess(load_[at(w, g)]);
  return sum;
}

void LayerSearch::restore_best() {
  reset(best_row_);
}

void LayerSearch::note_best() {
  best_objective_ = objective_;
  best_row_ = row_;
  best_max_ = max_load();
}

/// Changes the number of replicas of an expert and with it the load of each.
void LayerSearch::recount(int expert, int by) {
  const auto e = static_cast<std::size_t>(expert);
  count_[e] += by;
  for (int w = 0; w < windows_; ++w)
    share_[static_cast<std::size_t>(w * problem_.experts) + e] =
        problem_.loads[static_cast<std::size_t>(w)][e] / std::max(count_[e], 1);
}

/// The hotter of a few GPUs drawn at random.
int LayerSearch::hot_gpu() {
  int best = random_.below(problem_.gpus);
  if (windows_ > 1) return best;
  for (int i = 0; i < 2; ++i) {
    const int g = random_.below(problem_.gpus);
    if (load_[static_cast<std::size_t>(g)] > load_[static_cast<std::size_t>(best)]) best = g;
  }
  return best;
}

void LayerSearch::place(int slot, int expert) {
  const int g = gpu_of(slot), old = row_[static_cast<std::size_t>(slot)];
  auto& from = hosts_[static_cast<std::size_t>(old)];
  auto& to = hosts_[static_cast<std::size_t>(expert)];
  *std::find(from.begin(), from.end(), slot) = from.back();
  from.pop_back();
  to.push_back(slot);
  if (--present_[pair(old, g)] == 0) {
    copies_ -= copy_cost(old, g);
    penalty_sum_ -= penalty(old, g);
  }
  if (present_[pair(expert, g)]++ == 0) {
    copies_ += copy_cost(expert, g);
    penalty_sum_ += penalty(expert, g);
  }
  row_[static_cast<std::size_t>(slot)] = expert;
}

template <bool kOne>
bool LayerSearch::try_swap(int s, int t, double threshold) {
  const int a = row_[static_cast<std::size_t>(s)], b = row_[static_cast<std::size_t>(t)];
  if (a == b || a < 0 || b < 0) return false;
  const int g = gpu_of(s), h = gpu_of(t), windows = kOne ? 1 : windows_;
  double delta = 0;
  for (int w = 0; w < windows; ++w) {
    const double d = share(w, a) - share(w, b), lg = load_[at(w, g)], lh = load_[at(w, h)];
    delta += weight(w) * (excess(lg - d) + excess(lh + d) - excess(lg) - excess(lh));
  }
  if (!problem_.penalty.empty())
    delta += penalty(b, g) + penalty(a, h) - penalty(a, g) - penalty(b, h);
  if (delta > threshold || !may_host(b, g) || !may_host(a, h)) return false;
  if (!problem_.held.empty()) {
    const int more = swap_copies(s, t);
    if (more > 0 && copies_ + more > problem_.max_copies) return false;
  }
  for (int w = 0; w < windows; ++w) {
    const double d = share(w, a) - share(w, b);
    load_[at(w, g)] -= d;
    load_[at(w, h)] += d;
  }
  place(s, b);
  place(t, a);
  objective_ += delta;
  return true;
}

/// Change of the objective when `slot` goes to `expert`; the changed loads stay
/// in load_ and the old ones in undo_. Infinite when that may not be, with
/// nothing changed.
double LayerSearch::change_loads(int slot, int expert) {
  const int g = gpu_of(slot), old = row_[static_cast<std::size_t>(slot)];
  undo_.clear();
  if (old == expert || old < 0 || count_[static_cast<std::size_t>(old)] < 2 || !may_host(expert, g))
    return std::numeric_limits<double>::infinity();
  if (!problem_.held.empty()) {
    const int more = replace_copies(slot, expert);
    if (more > 0 && copies_ + more > problem_.max_copies)
      return std::numeric_limits<double>::infinity();
  }
  const auto in = static_cast<std::size_t>(expert), out = static_cast<std::size_t>(old);
  double delta = problem_.penalty.empty() ? 0 : penalty(expert, g) - penalty(old, g);
  const auto change = [&](int window, int gpu, double by) {
    double& l = load_[at(window, gpu)];
    undo_.push_back({at(window, gpu), l});
    delta += weight(window) * (excess(l + by) - excess(l));
    l += by;
  };
  for (int w = 0; w < windows_; ++w) {
    const auto& loads = problem_.loads[static_cast<std::size_t>(w)];
    const double in_next = loads[in] / (count_[in] + 1), in_change = in_next - share(w, expert);
    const double out_change = loads[out] / (count_[out] - 1) - share(w, old);
    for (const int s : hosts_[in]) change(w, gpu_of(s), in_change);
    for (const int s : hosts_[out])
      if (s != slot) change(w, gpu_of(s), out_change);
    change(w, g, in_next - share(w, old));
  }
  return delta;
}

void LayerSearch::undo_loads() {
  for (auto u = undo_.rbegin(); u != undo_.rend(); ++u) load_[u->index] = u->old_load;
}

double LayerSearch::replace_delta(int slot, int expert) {
  const double delta = change_loads(slot, expert);
  undo_loads();
  return delta;
}

/// Gives `slot` to `expert`: its load thins out over one more replica, that of
/// the expert which leaves grows on its other replicas.
bool LayerSearch::try_replace(int slot, int expert, double threshold) {
  const double delta = change_loads(slot, expert);
  if (!(delta <= threshold)) {
    undo_loads();
    return false;
  }
  const int old = row_[static_cast<std::size_t>(slot)];
  place(slot, expert);
  recount(expert, 1);
  recount(old, -1);
  objective_ += delta;
  return true;
}

int LayerSearch::swap_copies(int s, int t) const {
  const int a = row_[static_cast<std::size_t>(s)], b = row_[static_cast<std::size_t>(t)];
  const int g = gpu_of(s), h = gpu_of(t);
  return copy_cost(b, g) + copy_cost(a, h) - (present_[pair(a, g)] == 1 ? copy_cost(a, g) : 0) -
         (present_[pair(b, h)] == 1 ? copy_cost(b, h) : 0);
}

int LayerSearch::replace_copies(int slot, int expert) const {
  const int old = row_[static_cast<std::size_t>(slot)], g = gpu_of(slot);
  return copy_cost(expert, g) - (present_[pair(old, g)] == 1 ? copy_cost(old, g) : 0);
}

double LayerSearch::swap_delta(int s, int t) const {
  const int a = row_[static_cast<std::size_t>(s)], b = row_[static_cast<std::size_t>(t)];
  const int g = gpu_of(s), h = gpu_of(t);
  double delta = 0;
  for (int w = 0; w < windows_; ++w) {
    const double d = share(w, a) - share(w, b), lg = load_[at(w, g)], lh = load_[at(w, h)];
    delta += weight(w) * (excess(lg - d) + excess(lh + d) - excess(lg) - excess(lh));
  }
  return delta;
}

namespace {
/// A move that needs no copy is worth more than any that does.
double per_copy(double delta, int copies) {
  constexpr double kFree = 0.1;
  return delta / std::max<double>(copies, kFree);
}
}  // namespace

/// Proposes one move that touches a hot GPU; true when it was made.
template <bool kOne>
bool LayerSearch::step(double temperature) {
  const int s = hot_gpu() * problem_.slots_per_gpu + random_.below(problem_.slots_per_gpu);
  int t = 0;
  if (problem_.block_gpus > 0) {
    const int block = problem_.block_gpus * problem_.slots_per_gpu;
    t = s / block * block + random_.below(block);
  } else {
    t = random_.below(problem_.slot_count());
  }
  if (gpu_of(s) == gpu_of(t)) return false;
  const std::uint64_t dice = random_.next();
  const double threshold = temperature * Random::exponential(dice);
  const auto fixed = [this](int slot) {
    return !problem_.fixed.empty() && problem_.fixed[static_cast<std::size_t>(slot)] != 0;
  };
  if (((dice >> 10) & 7) != 0) return !fixed(s) && !fixed(t) && try_swap<kOne>(s, t, threshold);
  const bool there = ((dice >> 13) & 1) != 0;
  const int slot = there ? t : s, expert = row_[static_cast<std::size_t>(there ? s : t)];
  return expert >= 0 && !fixed(slot) && try_replace(slot, expert, threshold);
}

void LayerSearch::consider_swap(int s, int t, Move& best) const {
  const int a = row_[static_cast<std::size_t>(s)], b = row_[static_cast<std::size_t>(t)];
  if (a == b || b < 0) return;
  const int g = gpu_of(s), h = gpu_of(t);
  double delta = 0;
  if (windows_ == 1) {
    // The hotter GPU must get the lighter replica, all else makes it worse.
    const double d = share(0, a) - share(0, b);
    if (d <= 0) return;
    const double lg = load_[static_cast<std::size_t>(g)], lh = load_[static_cast<std::size_t>(h)];
    delta = excess(lg - d) - excess(lg) + excess(lh + d) - excess(lh);
  } else {
    delta = swap_delta(s, t);
  }
  // Exchanging copies is at best free, so anything worse than this cannot win.
  if (delta > -kReached || per_copy(delta, 0) >= best.score) return;
  if (!may_host(b, g) || !may_host(a, h)) return;
  const int copies = swap_copies(s, t);
  if (copies > 0 && copies_ + copies > problem_.max_copies) return;
  if (per_copy(delta, copies) < best.score) best = {per_copy(delta, copies), s, t, -1};
}

void LayerSearch::consider_replace(int slot, int expert, Move& best) {
  const int old = row_[static_cast<std::size_t>(slot)];
  if (old < 0 || old == expert || count_[static_cast<std::size_t>(old)] < 2) return;
  const double delta = replace_delta(slot, expert);
  if (delta > -kReached) return;
  const int copies = replace_copies(slot, expert);
  if (per_copy(delta, copies) < best.score) best = {per_copy(delta, copies), slot, -1, expert};
}

/// One more replica of `expert` in `slot` weighs less than what is there.
bool LayerSearch::lightens(int slot, int expert) const {
  const auto e = static_cast<std::size_t>(expert);
  return problem_.loads[0][e] < share(0, row_[static_cast<std::size_t>(slot)]) * (count_[e] + 1);
}

LayerSearch::Move LayerSearch::best_move(int gpu) {
  const auto fixed = [this](int slot) {
    return !problem_.fixed.empty() && problem_.fixed[static_cast<std::size_t>(slot)] != 0;
  };
  Move best;
  for (int s = gpu * problem_.slots_per_gpu; s < (gpu + 1) * problem_.slots_per_gpu; ++s) {
    const int mine = row_[static_cast<std::size_t>(s)];
    if (mine < 0) continue;
    for (int t = 0; t < problem_.slot_count(); ++t) {
      if (gpu_of(t) == gpu || fixed(t)) continue;
      if (!fixed(s)) consider_swap(s, t, best);
      consider_replace(t, mine, best);
    }
    if (!fixed(s) && count_[static_cast<std::size_t>(mine)] > 1)
      for (int e = 0; e < problem_.experts; ++e)
        if (windows_ > 1 || lightens(s, e)) consider_replace(s, e, best);
  }
  return best;
}

bool LayerSearch::relieve(double target, const Progress& progress) {
  target_ = target;
  objective_ = objective();
  note_best();
  std::vector<int> order(static_cast<std::size_t>(problem_.gpus));
  std::iota(order.begin(), order.end(), 0);
  const auto heat = [this](int g) {
    double worst = 0;
    for (int w = 0; w < windows_; ++w) worst = std::max(worst, load_[at(w, g)]);
    return worst;
  };
  for (bool moved = true; moved && !progress.cancelled();) {
    moved = false;
    std::sort(order.begin(), order.end(), [&](int a, int b) { return heat(a) > heat(b); });
    for (const int g : order) {
      if (heat(g) <= target_) break;
      const auto move = best_move(g);
      if (move.slot < 0) continue;
      const double before = objective_;
      const bool made = move.other >= 0 ? try_swap<false>(move.slot, move.other, 0)
                                        : try_replace(move.slot, move.expert, 0);
      // A move that gains nothing but rounding could be followed by its opposite, for ever.
      moved = made && objective_ < before * (1 - kGainOfRelief);
      if (moved) break;
    }
    if (moved) note_best();
  }
  return best_max_ <= target_ + 1e-7;
}

bool LayerSearch::anneal(const Schedule& schedule, const Progress& progress) {
  const double first_max = best_max_;
  const auto first_row = best_row_;
  target_ = schedule.target;
  objective_ = objective();
  note_best();
  constexpr std::int64_t kBlock = 256;
  const double blocks = std::max(1.0, static_cast<double>(schedule.moves) / kBlock);
  const double factor =
      schedule.initial_temperature > 0
          ? std::pow(schedule.final_temperature / schedule.initial_temperature, 1 / blocks)
          : 1;
  double temperature = schedule.initial_temperature;
  for (std::int64_t m = 0; m < schedule.moves && objective_ - penalty_sum_ > kReached; ++m) {
    if (m % kBlock == 0 && m > 0) {
      temperature *= factor;
      if (progress.cancelled()) break;
      if (m % (kBlock * 64) == 0) objective_ = objective();  // rounding does not pile up
    }
    const bool done = windows_ == 1 ? step<true>(temperature) : step<false>(temperature);
    if (done && (objective_ < best_objective_ || objective_ - penalty_sum_ <= kReached))
      note_best();
  }
  if (best_max_ > first_max && problem_.penalty.empty()) {
    best_max_ = first_max;
    best_row_ = first_row;
  }
  restore_best();
  return best_max_ <= target_ + 1e-7;
}

}  // namespace moescope
