#include "core/simulate/cost/routing/skewed_routing.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/placement/eplb/eplb.h"
#include "core/random.h"

namespace moescope {
namespace {

using Index = std::size_t;

double uniform(Random& random) {
  return (static_cast<double>(random.next() >> 11) + 0.5) / 9007199254740992.0;
}

/// x^-a on [least, most] by the inverse of its distribution function.
class PowerLaw {
 public:
  PowerLaw(double a, double least, double most)
      : a_(a),
        least_(least),
        most_(most),
        from_(std::pow(least, 1 - a)),
        span_(std::pow(most, 1 - a) - from_) {}
  double at(double u) const {
    if (std::abs(a_ - 1) < 1e-9) return least_ * std::pow(most_ / least_, u);
    return std::pow(from_ + span_ * u, 1 / (1 - a_));
  }

 private:
  double a_, least_, most_, from_, span_;
};

/// The `some` experts with the smallest count (or the largest), equal ones as `leftover` says, in
/// any order.
std::vector<Index> first_by_count(const std::vector<long>& counts, bool largest_first, Index some,
                                  Leftover leftover, Random& random) {
  std::vector<std::pair<double, Index>> keys;
  keys.reserve(counts.size());
  for (Index e = 0; e < counts.size(); ++e)
    keys.emplace_back(static_cast<double>(largest_first ? -counts[e] : counts[e]) +
                          (leftover == Leftover::Random ? 0.5 * uniform(random) : 0),
                      e);
  if (some < keys.size())
    std::nth_element(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(some), keys.end());
  std::vector<Index> first;
  first.reserve(std::min(some, keys.size()));
  for (Index i = 0; i < std::min(some, keys.size()); ++i) first.push_back(keys[i].second);
  return first;
}

/// Rounds in which every expert that can take a token gets one, whatever the order: all at once.
/// Returns the tokens that are left, fewer than experts unless none can take more.
long full_rounds(std::vector<long>& counts, const SkewCase& skew, long open, Random& random) {
  const auto experts = static_cast<long>(counts.size());
  while (open >= experts) {
    long able = 0, room = skew.tokens;
    for (const long n : counts) {
      if (n >= skew.tokens) continue;
      ++able;
      room = std::min(room, skew.tokens - n);
    }
    if (able == 0) break;
    const long rounds = std::min(room, (open - experts) / able + 1);
    for (long& n : counts)
      if (n < skew.tokens) n += rounds;
    open -= rounds * able;
    if (skew.leftover == Leftover::Random)  // numbers that would have put them in order
      random.skip(static_cast<std::uint64_t>(rounds * experts));
  }
  return open;
}

/// Hands out what rounding left over, or takes back what it gave too much, one token at a time.
/// Experts that can take or give no more come last, so that the first ones are those to change.
void settle(std::vector<long>& counts, const SkewCase& skew, Random& random) {
  long open = static_cast<long>(skew.tokens) * skew.top_k -
              std::accumulate(counts.begin(), counts.end(), 0L);
  open = full_rounds(counts, skew, open, random);
  while (open != 0) {
    const long before = open;
    const auto some = static_cast<Index>(std::abs(open));
    for (const auto e : first_by_count(counts, open < 0, some, skew.leftover, random)) {
      if (open > 0 && counts[e] < skew.tokens)
        ++counts[e], --open;
      else if (open < 0 && counts[e] > 0)
        --counts[e], ++open;
    }
    if (open == before) return;
  }
}

/// [expert] tokens of one draw.
std::vector<long> draw_counts(const SkewCase& skew, Random& random) {
  const double choices = static_cast<double>(skew.tokens) * skew.top_k;
  const bool many = choices > skew.experts;
  const double least = many ? 1 : 0.01, most = many ? std::max(1.0, 0.8 * skew.tokens) : 2;
  const PowerLaw law(skew.exponent, least, most);
  std::vector<double> weight(static_cast<Index>(skew.experts));
  for (auto& w : weight) w = law.at(uniform(random));
  const double all = std::accumulate(weight.begin(), weight.end(), 0.0);
  std::vector<long> counts;
  counts.reserve(weight.size());
  for (const double w : weight)
    counts.push_back(std::min<long>(std::lround(w / all * choices), skew.tokens));
  settle(counts, skew, random);
  return counts;
}

/// Different tokens whose choices fall on slots [first, first + count): the generator lines the
/// slots up by load, repeats each as often as it has tokens, and cuts the line into top_k rows of
/// all tokens; a token is a column.
double tokens_on(const std::vector<long>& counts, Index first, Index count, const SkewCase& skew) {
  std::vector<std::pair<long, Index>> order;  // the most loaded first, then by number
  order.reserve(counts.size());
  for (Index e = 0; e < counts.size(); ++e)
    if (counts[e] != 0) order.emplace_back(-counts[e], e);
  std::sort(order.begin(), order.end());
  std::vector<std::pair<long, long>> columns;
  long at = 0;
  for (const auto& [load, e] : order) {
    const long from = at % skew.tokens, to = from + counts[e];
    at += counts[e];
    if (e < first || e >= first + count) continue;
    columns.emplace_back(from, std::min<long>(to, skew.tokens));
    if (to > skew.tokens) columns.emplace_back(0, to - skew.tokens);
  }
  std::sort(columns.begin(), columns.end());
  long covered = 0, end = 0;
  for (const auto& [from, to] : columns) {
    covered += std::max(0L, to - std::max(from, end));
    end = std::max(end, to);
  }
  return static_cast<double>(covered);
}

RankDraw most_loaded(const std::vector<long>& counts, const SkewCase& skew) {
  const auto per_gpu = static_cast<Index>(skew.slots / skew.gpus);
  RankDraw best;
  double most = -1;
  Index first = 0;
  for (Index begin = 0; begin + per_gpu <= counts.size(); begin += per_gpu) {
    const auto from = counts.begin() + static_cast<long>(begin);
    const auto load =
        static_cast<double>(std::accumulate(from, from + static_cast<long>(per_gpu), 0L));
    if (load <= most) continue;
    most = load;
    first = begin;
    best.slots.assign(from, from + static_cast<long>(per_gpu));
  }
  best.tokens = tokens_on(counts, first, per_gpu, skew);
  return best;
}

RankDraw most_loaded_balanced(const std::vector<long>& counts, const SkewCase& skew) {
  const std::vector<double> loads(counts.begin(), counts.end());
  const auto plan =
      eplb_plan({loads}, skew.slots, 1, 1, skew.gpus, EplbPolicy::Global, EplbVariant::Stable);
  const auto& row = plan.physical_to_logical[0];
  const auto replicas = replica_counts(row, skew.experts);
  const auto per_gpu = static_cast<Index>(skew.slots / skew.gpus);
  RankDraw best;
  double most = -1;
  Index first = 0;
  std::vector<long> of_slots;
  for (Index begin = 0; begin < row.size(); begin += per_gpu) {
    std::vector<double> slots;
    for (Index s = begin; s < begin + per_gpu; ++s) {
      const auto e = static_cast<Index>(row[s]);
      const double n = loads[e] / replicas[e];
      slots.push_back(n > 0 ? std::max(n, 1.0) : 0);  // a replica gets a whole token or none
      of_slots.push_back(std::lround(n));
    }
    const double load = std::accumulate(slots.begin(), slots.end(), 0.0);
    if (load > most) most = load, first = begin, best.slots = std::move(slots);
  }
  best.tokens = tokens_on(of_slots, first, per_gpu, skew);
  return best;
}

}  // namespace

std::vector<RankDraw> draw_most_loaded(const SkewCase& skew, int draws, std::uint64_t seed) {
  Random random(seed);
  std::vector<RankDraw> ranks;
  for (int d = 0; d < draws; ++d) {
    const auto counts = draw_counts(skew, random);
    ranks.push_back(skew.balanced ? most_loaded_balanced(counts, skew) : most_loaded(counts, skew));
  }
  return ranks;
}

}  // namespace moescope
