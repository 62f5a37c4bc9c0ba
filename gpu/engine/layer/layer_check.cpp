#include "gpu/engine/layer/layer_check.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <span>

#include "gpu/compute/gate_rules.h"

namespace moescope::runtime {
namespace {

template <typename T>
std::int64_t differences(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return static_cast<std::int64_t>(std::max(a.size(), b.size()));
  std::int64_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] == b[i] ? 0 : 1;
  return count;
}

/// Sum of the differences of two lists of counts; those that only one has count in full.
std::int64_t distance(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i)
    sum += std::abs(std::int64_t{i < a.size() ? a[i] : 0} - (i < b.size() ? b[i] : 0));
  return sum;
}

/// Largest difference of `n` numbers, relative to the largest of `a`.
double relative(const float* a, const float* b, std::size_t n) {
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(b[i])) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, std::abs(static_cast<double>(a[i])));
    difference = std::max(difference, std::abs(static_cast<double>(a[i]) - b[i]));
  }
  return largest > 0 ? difference / largest : difference;
}

using Experts = std::span<const std::int32_t>;

bool close(const GateScores& scores, std::size_t a, std::size_t b) {
  const float x = scores.selection[a], y = scores.selection[b];
  if (!std::isfinite(x) || !std::isfinite(y)) return false;
  // With a bias the last place of the scores before it counts: what was rounded there stays.
  const float size = std::max(
      {std::abs(x), std::abs(y), std::abs(scores.weights[a]), std::abs(scores.weights[b])});
  const float ulp = std::nextafter(size, std::numeric_limits<float>::infinity()) - size;
  return std::abs(static_cast<double>(x) - y) <= kTiedUlps * static_cast<double>(ulp);
}

/// Whether ties explain that `found` was chosen and not `expected`.
bool tied(const GateScores& scores, Experts expected, Experts found) {
  for (std::size_t k = 0; k < found.size(); ++k) {
    const auto expert = static_cast<std::size_t>(found[k]);
    if (expert >= scores.selection.size()) return false;
    if (std::count(found.begin(), found.end(), found[k]) != 1) return false;
    if (found[k] != expected[k] && !close(scores, static_cast<std::size_t>(expected[k]), expert))
      return false;
  }
  return true;
}

}  // namespace

std::vector<LayerInput> random_inputs(int hidden, int ranks, int most, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<LayerInput> inputs(1);
  for (int rank = 1; rank < ranks; ++rank) {
    LayerInput& input = inputs.emplace_back();
    const auto rows = random() % static_cast<std::uint64_t>(most) + 1;
    for (std::uint64_t row = 0; row < rows; ++row) input.keys.push_back(random());
    for (std::size_t i = 0; i < rows * static_cast<std::size_t>(hidden); ++i)
      input.x.push_back(normal(random));
  }
  return inputs;
}

ScoresOfRow scores_of(const ModelConfig& config, const LayerWeights& layer,
                      const std::vector<LayerInput>& inputs) {
  return [&](std::size_t rank, std::size_t row) {
    const RouterView router(layer);
    GateScores scores{std::vector<float>(static_cast<std::size_t>(config.experts)), {}};
    const float* x = inputs.at(rank).x.data() + flat(static_cast<int>(row), config.hidden);
    const OneLane lane;
    lane.project(x, router.weight.data, config.hidden, config.experts, scores.weights.data());
    score_row(lane, config.gate, config.experts, scores.weights.data());
    scores.selection = scores.weights;
    for (std::size_t e = 0; router.bias != nullptr && e < scores.selection.size(); ++e)
      scores.selection[e] += router.bias[e];
    std::vector<float> groups(static_cast<std::size_t>(config.gate.groups));
    if (config.gate.groups > 1)
      mask_groups(lane, config.gate, config.experts, scores.selection.data(), groups.data());
    return scores;
  };
}

std::vector<std::uint32_t> LayerCheck::add_rows(
    const LayerOutput& a, const LayerOutput& b,
    const std::function<GateScores(std::size_t row)>& scores) {
  const auto k = static_cast<std::size_t>(a.routing.top_k);
  const std::size_t count = a.routing.experts.size() / k;
  const std::size_t width = count == 0 ? 0 : a.sum.size() / count;
  std::vector<std::uint32_t> loads = a.logical;
  rows += static_cast<std::int64_t>(count);
  if (a.routing.experts.size() != b.routing.experts.size() || a.sum.size() != b.sum.size()) {
    other_choices += static_cast<std::int64_t>(count);
    return loads;
  }
  for (std::size_t row = 0; row < count; ++row) {
    const Experts expected = Experts(a.routing.experts).subspan(row * k, k);
    const Experts found = Experts(b.routing.experts).subspan(row * k, k);
    std::int64_t moved = 0;
    if (!std::equal(expected.begin(), expected.end(), found.begin())) {
      const bool explained = tied(scores(row), expected, found);
      ++(explained ? tied_choices : other_choices);
      for (std::size_t i = 0; explained && i < k; ++i) {
        --loads.at(static_cast<std::size_t>(expected[i]));
        ++loads.at(static_cast<std::size_t>(found[i]));
        if (std::find(expected.begin(), expected.end(), found[i]) == expected.end()) ++moved;
      }
    }
    moved_choices += moved;
    const double apart = relative(a.sum.data() + row * width, b.sum.data() + row * width, width);
    // Other experts give another sum, but a number all the same.
    if (moved == 0 || std::isinf(apart)) largest = std::max(largest, apart);
  }
  return loads;
}

void LayerCheck::add(const std::vector<LayerOutput>& expected,
                     const std::vector<LayerOutput>& found, const ScoresOfRow& scores) {
  const std::int64_t moved_before = moved_choices;
  std::int64_t other_slots = 0, other_rows = 0;
  for (std::size_t rank = 0; rank < expected.size(); ++rank) {
    const LayerOutput &a = expected[rank], &b = found.at(rank);
    const auto loads = add_rows(a, b, [&](std::size_t row) { return scores(rank, row); });
    other_loads += differences(loads, b.logical);
    other_slots += differences(a.physical, b.physical);
    other_rows += distance(a.physical, b.physical);
  }
  // A moved choice takes a row from one slot and gives it to another.
  if (other_rows > 2 * (moved_choices - moved_before)) other_loads += other_slots;
}

}  // namespace moescope::runtime
