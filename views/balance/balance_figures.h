// Figures of the balance view, computed by a job, and the pictures made from them.
#pragma once

#include "core/loads/balance.h"
#include "core/placement/evaluate.h"
#include "views/load/load_sums.h"
#include "views/load/series_chart.h"

namespace moescope {

struct BalanceInput {
  LoadSumsPtr sums;
  PlacementOfLoads now;
  std::optional<PlacementOfLoads>
      before;  ///< what ran, or experts in order, when `now` is another plan
  /// By which replicas are chosen; nullopt: the plans' weights, else equal shares.
  std::optional<ReplicaRule> rule;
};

/// Null without loads.
std::optional<BalanceInput> balance_input(const LoadDocument& document, const LoadSumsPtr& sums);

struct BalanceFigures {
  BalanceInput input;  ///< its plans have the shares of the rule as their weights
  std::vector<LayerEvaluation> now, before;  ///< by layer; before may be empty
  WindowBalance over_time;                   ///< max / mean, [window][layer]
  WindowBalance measured;                    ///< the same as counted on GPUs; may be empty
  std::vector<BoundPoint> curve;
};
using BalanceFiguresPtr = std::shared_ptr<const BalanceFigures>;

/// Reuses what did not change since `old`, which may be null. Throws Cancelled, Error.
BalanceFiguresPtr make_balance_figures(const BalanceInput& input, const BalanceFiguresPtr& old,
                                       Progress& progress);

/// Bars of each layer now and before, and the lowest that any plan with so many slots can reach.
SeriesPicturePtr layer_picture(const BalanceFigures& figures, BalanceMetric metric);
/// Load / mean of each GPU in `layer`; -1 takes the layer with the highest imbalance.
SeriesPicturePtr gpu_picture(const BalanceFigures& figures, int layer);
/// Imbalance of every window: mean, worst layer and `layer` when it is not -1.
SeriesPicturePtr time_picture(const BalanceFigures& figures, int layer);
SeriesPicturePtr curve_picture(const BalanceFigures& figures);
/// Layer that gpu_picture() shows.
int layer_to_show(const BalanceFigures& figures, int layer);
/// "Imbalance 1.31 on average, 2.10 in the worst layer; ..., over decode, all 8 windows." in a
/// line.
QString balance_summary(const BalanceFigures& figures);
/// A line for each layer: every measure, before, bound; the first line is the header.
std::vector<QStringList> balance_rows(const BalanceFigures& figures);

}  // namespace moescope
