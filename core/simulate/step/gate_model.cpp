#include "core/simulate/step/gate_model.h"

#include <algorithm>
#include <numeric>

namespace moescope {
namespace {

using Index = std::size_t;

/// Sum over all subsets of `count` of `values` of the product of their values.
double subset_product(const std::vector<double>& values, Index count) {
  std::vector<double> sums(count + 1, 0.0);
  sums[0] = 1;
  for (const double value : values)
    for (Index n = count; n > 0; --n) sums[n] += sums[n - 1] * value;
  return sums.back();
}

/// Lets a group choose from one more expert. Element n stands for n + 1 experts taken.
void add_expert(double* sums, Index terms, double odds) {
  for (Index n = terms - 1; n > 0; --n) sums[n] += sums[n - 1] * odds;
  sums[0] += odds;
}

/// Element n of two disjoint sets of groups together.
double joined(const double* a, const double* b, Index n) {
  double sum = 0;
  for (Index i = 0; i <= n; ++i) sum += a[i] * b[n - i];
  return sum;
}

/// Joins `sums` with another set of groups.
void join(double* sums, const double* other, Index terms) {
  for (Index n = terms; n-- > 0;) sums[n] = joined(sums, other, n);
}

}  // namespace

/// One pass over all sets of groups.
struct GateModel::Walk {
  const double* groups;     ///< [group][term]
  const char* changed;      ///< [group] against the kept ones
  double* taken;            ///< [groups chosen][term] of sets with a changed group
  double sum = 0;           ///< over the sets, of weight times ways
  Index node = 0, set = 0;  ///< inner nodes and sets passed
};

GateModel::GateModel(const ModelShape& model, const std::vector<double>& load)
    : size_(load.size() / static_cast<Index>(model.groups)),
      top_groups_(static_cast<Index>(model.top_groups)),
      top_k_(static_cast<Index>(model.top_k)),
      terms_(top_k_ < top_groups_ ? 0 : top_k_ - top_groups_ + 1),
      odds_(load) {
  if (terms_ == 0) return;  // a token cannot take an expert of each group
  for (Index g = 0; g < static_cast<Index>(model.groups); ++g)
    group_.push_back(std::accumulate(&load[g * size_], &load[g * size_] + size_, 0.0));
  const double all = subset_product(group_, top_groups_);
  for (Index g = 0; g < group_.size(); ++g) set_odds(g, all);
  keep_groups();
  rests_.assign(group_.size() * group_.size() * terms_, 0.0);
  std::vector<Index> chosen;
  keep_sets(nullptr, 1, chosen);
  for (Index set = 0; set < sets_.size(); ++set) kept_ += sets_[set] * ways_[set];
}

/// Turns the loads of a group's experts into odds; `all` sums the weights of all sets of groups.
void GateModel::set_odds(Index group, double all) {
  constexpr double kMostLikely = 0.999;
  auto others = group_;
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(group));
  const double with = group_[group] * subset_product(others, top_groups_ - 1);
  for (Index e = group * size_; e < (group + 1) * size_; ++e) {
    const double taken =
        with > 0 ? std::min(static_cast<double>(top_k_) * odds_[e] * all / with, kMostLikely) : 0;
    odds_[e] = taken / (1 - taken);
  }
}

void GateModel::keep_groups() {
  std::vector<double> sums(terms_);
  for (Index g = 0; g < group_.size(); ++g) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (Index e = g * size_; e < (g + 1) * size_; ++e) {
      before_.insert(before_.end(), sums.begin(), sums.end());
      add_expert(sums.data(), terms_, odds_[e]);
    }
    groups_.insert(groups_.end(), sums.begin(), sums.end());
  }
}

void GateModel::keep_sets(const double* taken, double weight, std::vector<Index>& chosen) {
  std::vector<double> sums(terms_);
  const Index next = chosen.empty() ? 0 : chosen.back() + 1;
  for (Index g = next; g + top_groups_ - chosen.size() <= group_.size(); ++g) {
    const double* own = &groups_[g * terms_];
    for (Index n = 0; n < terms_; ++n) sums[n] = chosen.empty() ? own[n] : joined(taken, own, n);
    chosen.push_back(g);
    const double of_set = weight * group_[g], ways = sums.back();
    if (chosen.size() < top_groups_) {
      taken_.insert(taken_.end(), sums.begin(), sums.end());
      keep_sets(sums.data(), of_set, chosen);
    } else {
      ways_.push_back(ways);
      sets_.push_back(ways > 0 ? of_set / ways : 0);
      sum_ += ways > 0 ? of_set : 0;
      keep_rests(chosen, sets_.back());
    }
    chosen.pop_back();
  }
}

void GateModel::keep_rests(const std::vector<Index>& set, double weight) {
  std::vector<double> sums(terms_);
  for (auto a = set.begin(); a != set.end(); ++a)
    for (auto b = a; b != set.end(); ++b) {
      std::fill(sums.begin(), sums.end(), 0.0);
      sums[0] = weight;
      for (const Index g : set)
        if (g != *a && g != *b) join(sums.data(), &groups_[g * terms_], terms_);
      double* of_both = &rests_[(*a * group_.size() + *b) * terms_];
      for (Index n = 0; n < terms_; ++n) of_both[n] += sums[n];
    }
}

/// @param other the same for the sets with `group`; else behind it
const double* GateModel::rest(Index group, Index other) const {
  return &rests_[(group * group_.size() + other) * terms_];
}

void GateModel::walk(Walk& w, const double* taken, bool changed, Index next, Index chosen) const {
  double* sums = w.taken + chosen * terms_;
  for (Index g = next; g + top_groups_ - chosen <= group_.size(); ++g) {
    const double* own = w.groups + g * terms_;
    const bool differs = changed || w.changed[g] != 0;
    if (chosen + 1 == top_groups_) {
      double ways = ways_[w.set];
      if (differs) ways = chosen == 0 ? own[terms_ - 1] : joined(taken, own, terms_ - 1);
      w.sum += sets_[w.set++] * ways;
      continue;
    }
    const double* together = &taken_[w.node++ * terms_];
    if (differs && chosen == 0) together = own;
    if (differs && chosen > 0) {
      for (Index n = 0; n < terms_; ++n) sums[n] = joined(taken, own, n);
      together = sums;
    }
    walk(w, together, differs, g + 1, chosen + 1);
  }
}

/// The sum over the sets where two groups changed, or one: `second` is `first` then.
double GateModel::with_few_changed(const Scratch& scratch, Index first, Index second) const {
  const auto change = [&](Index group, Index n) {
    return scratch.groups[group * terms_ + n] - groups_[group * terms_ + n];
  };
  double sum = kept_;
  for (Index n = 0; n < terms_; ++n) {
    sum += change(first, n) * rest(first, first)[terms_ - 1 - n];
    if (second == first) continue;
    sum += change(second, n) * rest(second, second)[terms_ - 1 - n];
    double both = 0;
    for (Index i = 0; i <= n; ++i) both += change(first, i) * change(second, n - i);
    sum += both * rest(first, second)[terms_ - 1 - n];
  }
  return std::max(sum, 0.0);
}

double GateModel::none(const std::vector<ExpertPart>& place, Scratch& scratch) const {
  if (!(sum_ > 0)) return 1;
  scratch.groups = groups_;
  scratch.changed.assign(group_.size(), 0);
  scratch.taken.resize(top_groups_ * terms_);
  Index changed = 0, first = 0, last = 0;
  for (auto at = place.begin(); at != place.end();) {
    const Index group = at->expert / size_;
    double* sums = &scratch.groups[group * terms_];
    std::copy_n(&before_[at->expert * terms_], terms_, sums);
    for (Index e = at->expert; e < (group + 1) * size_; ++e) {
      const bool placed = at != place.end() && at->expert == e;
      add_expert(sums, terms_, placed ? odds_[e] * (1 - at->part) : odds_[e]);
      if (placed) ++at;
    }
    scratch.changed[group] = 1;
    if (++changed == 1) first = group;
    last = group;
  }
  if (changed <= 2) return with_few_changed(scratch, first, last) / sum_;
  Walk w{scratch.groups.data(), scratch.changed.data(), scratch.taken.data()};
  walk(w, nullptr, false, 0, 0);
  return w.sum / sum_;
}

}  // namespace moescope
