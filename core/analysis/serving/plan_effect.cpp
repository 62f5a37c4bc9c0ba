#include "core/analysis/serving/plan_effect.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/mean.h"

namespace moescope {
namespace {

std::set<int> experts_on(const Plan& plan, std::size_t layer, int gpu) {
  const auto& row = plan.physical_to_logical[layer];
  const auto first = row.begin() + static_cast<std::ptrdiff_t>(gpu) * plan.slots_per_gpu();
  return {first, first + plan.slots_per_gpu()};
}

int missing(const std::set<int>& wanted, const std::set<int>& there) {
  return static_cast<int>(std::count_if(wanted.begin(), wanted.end(), [&](int expert) {
    return expert != kNoExpert && !there.contains(expert);
  }));
}

}  // namespace

std::optional<bool> EffectFigure::below_noise() const {
  if (!before || !predicted || !error) return std::nullopt;
  return std::abs(*predicted - *before) <= *error;
}

void set_traffic(PlanEffect& effect, std::optional<double> EffectFigure::*part,
                 const StepTraffic& traffic) {
  if (traffic.between_nodes > 0) effect.node_traffic.*part = traffic.between_nodes;
  if (traffic.inside_nodes > 0) effect.rank_traffic.*part = traffic.inside_nodes;
}

std::optional<double> mean_decode_step(const std::vector<ServedStep>& steps, TimeRange range) {
  std::vector<double> lengths;
  for (const ServedStep& step : steps)
    if (step.decode && step.begin >= range.begin && step.begin < range.end)
      lengths.push_back(static_cast<double>(step.end - step.begin));
  return mean_of(lengths);
}

std::vector<GpuMoves> moves_by_gpu(const Plan& from, const Plan& to) {
  std::vector<GpuMoves> moves;
  if (from.num_gpus != to.num_gpus || from.layers() != to.layers()) return moves;
  for (int gpu = 0; gpu < to.num_gpus; ++gpu) {
    GpuMoves made{gpu, 0, 0};
    for (std::size_t layer = 0; layer < to.physical_to_logical.size(); ++layer) {
      const auto before = experts_on(from, layer, gpu), after = experts_on(to, layer, gpu);
      made.takes += missing(after, before);
      made.gives += missing(before, after);
    }
    if (made.takes + made.gives > 0) moves.push_back(made);
  }
  return moves;
}

}  // namespace moescope
