// Did a change of plan do what was predicted? Figures of before and after, from what was recorded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/analysis/serving/serving.h"
#include "core/analysis/serving/step_traffic.h"
#include "core/placement/plan.h"

namespace moescope {

/// One figure; nullopt where nothing was recorded or nothing can be predicted.
struct EffectFigure {
  std::optional<double> before, predicted, measured;
  std::optional<double> error;  ///< error bar of the prediction, either way
  /// Whether the predicted change is within the error bar; nullopt when one of them is not known.
  std::optional<bool> below_noise() const;
  friend bool operator==(const EffectFigure&, const EffectFigure&) = default;
};

struct PlanEffect {
  EffectFigure imbalance;           ///< max/mean tokens of a rank, mean over layers and units
  EffectFigure decode_step;         ///< mean length, ns
  EffectFigure node_traffic;        ///< bytes between nodes for each token of a decode step
  EffectFigure rank_traffic;        ///< and between ranks of a node
  std::vector<std::string> notes;   ///< what limits the gain, or why nothing was predicted
  std::vector<std::string> fitted;  ///< constants of the model, as fitted from the recording
  friend bool operator==(const PlanEffect&, const PlanEffect&) = default;
};

/// Time before and after a change that is compared.
inline constexpr TimeNs kEffectWindow = 8'000'000'000;
/// A runtime tells the imbalance of whole windows of a second: the first one began before a change.
inline constexpr TimeNs kEffectSettle = 2'500'000'000;

/// Sets measured traffic as one part, `before` or `measured`, of its figures. A link without bytes
/// has no figure: on one node there is no network to speak of.
void set_traffic(PlanEffect& effect, std::optional<double> EffectFigure::*part,
                 const StepTraffic& traffic);
/// Mean length in ns of the decode steps that begin in `range`.
std::optional<double> mean_decode_step(const std::vector<ServedStep>& steps, TimeRange range);

/// What a GPU takes in and gives up when one plan follows another; experts over all layers.
struct GpuMoves {
  int gpu = 0;
  int takes = 0, gives = 0;
};
/// GPUs that change, ascending. Plans of different size: empty.
std::vector<GpuMoves> moves_by_gpu(const Plan& from, const Plan& to);

}  // namespace moescope
