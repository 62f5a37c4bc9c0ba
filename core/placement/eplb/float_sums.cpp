#include "core/placement/eplb/float_sums.h"

#include <algorithm>
#include <array>
#include <bit>

namespace moescope {
namespace {

using Index = std::size_t;
constexpr Index kLanes = 8, kRuns = 4;
using Lanes = std::array<float, kLanes>;
using Runs = std::array<Lanes, kRuns>;

void add(Lanes& to, const Lanes& from) {
  for (Index i = 0; i < kLanes; ++i) to[i] += from[i];
}
void add(Runs& to, const Runs& from) {
  for (Index r = 0; r < kRuns; ++r) add(to[r], from[r]);
}

/// Registers of a row, summed as a cascade: a level that is full goes into the next one, so that
/// no sum gets much larger than what is added to it.
class Cascade {
 public:
  explicit Cascade(Index rounds)
      : power_(std::max<Index>(4, std::bit_width(rounds > 0 ? rounds - 1 : 0) / kLevels)) {}

  void take(const Runs& values) {
    add(levels_[0], values);
    const Index step = Index{1} << power_;
    if (++taken_ % step != 0) return;
    for (Index level = 1; level < kLevels; ++level) {
      add(levels_[level], levels_[level - 1]);
      levels_[level - 1] = {};
      if ((taken_ & ((step << (level * power_)) - 1)) != 0) break;
    }
  }
  Runs sum() const {
    Runs all = levels_[0];
    for (Index level = 1; level < kLevels; ++level) add(all, levels_[level]);
    return all;
  }

 private:
  static constexpr Index kLevels = 4;
  Index power_, taken_ = 0;
  std::array<Runs, kLevels> levels_{};
};

/// Fewer values than a register has lanes: four runs of single values.
float short_sum(std::span<const float> v) {
  const Index whole = v.size() - v.size() % kRuns;
  float sum = v.empty() ? 0.0F : v[0];
  for (Index i = std::max<Index>(whole, 1); i < v.size(); ++i) sum += v[i];
  for (Index i = 1; i < whole; ++i) sum += v[i];
  return sum;
}

float pairwise(std::span<const float> v) {
  constexpr Index kBlock = 128;
  if (v.size() < kLanes) {
    float sum = 0;
    for (const float x : v) sum += x;
    return sum;
  }
  if (v.size() > kBlock) {
    Index half = v.size() / 2;
    half -= half % kLanes;
    return pairwise(v.first(half)) + pairwise(v.subspan(half));
  }
  Lanes runs{};
  std::copy_n(v.begin(), kLanes, runs.begin());
  Index i = kLanes;
  for (; i + kLanes <= v.size(); i += kLanes)
    for (Index lane = 0; lane < kLanes; ++lane) runs[lane] += v[i + lane];
  float sum =
      ((runs[0] + runs[1]) + (runs[2] + runs[3])) + ((runs[4] + runs[5]) + (runs[6] + runs[7]));
  for (; i < v.size(); ++i) sum += v[i];
  return sum;
}

}  // namespace

float torch_sum(std::span<const float> values) {
  if (values.size() < kLanes) return short_sum(values);
  const Index registers = values.size() / kLanes, rounds = registers / kRuns;
  const auto load = [&](Index r) {
    Lanes lanes{};
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(r * kLanes), kLanes, lanes.begin());
    return lanes;
  };
  Cascade cascade(rounds);
  for (Index round = 0; round < rounds; ++round) {
    Runs runs;
    for (Index r = 0; r < kRuns; ++r) runs[r] = load(round * kRuns + r);
    cascade.take(runs);
  }
  Runs runs = cascade.sum();
  for (Index r = rounds * kRuns; r < registers; ++r) add(runs[0], load(r));
  for (Index r = 1; r < kRuns; ++r) add(runs[0], runs[r]);
  float sum = 0;
  for (Index i = registers * kLanes; i < values.size(); ++i) sum += values[i];
  for (const float lane : runs[0]) sum += lane;
  return sum;
}

float numpy_sum(std::span<const float> values) {
  return pairwise(values);
}

}  // namespace moescope
