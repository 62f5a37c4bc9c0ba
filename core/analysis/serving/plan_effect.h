// Did a change of plan do what was predicted? Recorded figures before and after it.
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

/// Length of the periods before and after a change that are compared.
inline constexpr TimeNs kEffectWindow = 8'000'000'000;
/// A runtime reports imbalance per window of one second; the first window after a change began
/// before it.
inline constexpr TimeNs kEffectSettle = 2'500'000'000;

/// Sets measured traffic as `before` or `measured` of the traffic figures. A link without bytes
/// gets no figure: a single node has no network.
void set_traffic(PlanEffect& effect, std::optional<double> EffectFigure::*part,
                 const StepTraffic& traffic);
/// Mean length in ns of the decode steps that begin in `range`.
std::optional<double> mean_decode_step(const std::vector<ServedStep>& steps, TimeRange range);

/// Experts that a GPU gains and loses from one plan to the next, over all layers.
struct GpuMoves {
  int gpu = 0;
  int takes = 0, gives = 0;
};
/// GPUs that change, ascending. Plans of different size: empty.
std::vector<GpuMoves> moves_by_gpu(const Plan& from, const Plan& to);

}  // namespace moescope
