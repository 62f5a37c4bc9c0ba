// Prediction for a plan: step time with its parts, error bar and bottleneck.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "core/loads/judged_windows.h"
#include "core/loads/load_set.h"
#include "core/placement/plan.h"
#include "core/progress.h"
#include "core/simulate/model/footprint.h"
#include "core/simulate/model/hardware.h"
#include "core/simulate/model/model.h"
#include "core/simulate/model/unit.h"
#include "core/simulate/step/schedule.h"

namespace moescope {

/// Figures of one MoE layer and one micro-batch. Stages that all GPUs do alike are in Prediction.
struct LayerPrediction {
  double layer_ns = 0;  ///< from the end of the layer before, both micro-batches
  double dispatch_ns = 0, combine_ns = 0;
  double expert_ns = 0;       ///< of the slowest GPU, mean over drawn batches
  double expert_mean_ns = 0;  ///< mean over the GPUs
  int critical_gpu = 0;       ///< slowest under the expected tokens
  bool memory_bound = false;  ///< the critical GPU reads weights longer than it computes
  int memory_bound_gpus = 0;
  double imbalance = 1;        ///< max / mean GPU load of the expected tokens
  double expert_floor_ns = 0;  ///< part of expert_ns that no batch makes shorter
  double even_expert_ns = 0;   ///< expert_ns if the tokens, not the weights, were spread evenly
  double remote_nodes_per_token = 0;
  double ib_bytes = 0, nvlink_bytes = 0;  ///< dispatch and combine of one micro-batch, all GPUs
  std::vector<double> gpu_expert_ns;      ///< [gpu], expected tokens
};

struct Prediction {
  double step_ns = 0;              ///< mean over drawn batches
  double batch_noise_ns = 0;       ///< standard deviation from batch to batch
  std::optional<double> drift_ns;  ///< change of the step between the last two windows, if any
  /// Error of the cost model itself, see kModelError; it is the same for all plans of a machine, so
  /// it cancels in their difference.
  double model_error_ns = 0;
  /// Smallest meaningful difference of two predictions for one machine.
  double noise_ns() const { return batch_noise_ns + drift_ns.value_or(0); }
  /// Error of the step, either way.
  double error_ns() const { return noise_ns() + model_error_ns; }
  double tokens_per_second = 0;  ///< of the whole unit
  /// Of one layer and micro-batch, the same on all GPUs.
  double attention_ns = 0, attention_comm_ns = 0, gate_ns = 0, shared_ns = 0, dense_ns = 0;
  /// Parts of these that no batch makes shorter: launches of their kernels.
  double attention_floor_ns = 0, gate_floor_ns = 0, shared_floor_ns = 0, dense_floor_ns = 0;
  std::vector<LayerPrediction> layers;
  OverlapFigures overlap;                 ///< summed over the GPUs, expected tokens
  int first_window = 0, last_window = 0;  ///< judged on [first, last) of the given windows
  bool held_out = false;                  ///< none of them made the plan
  bool origin_known = false;              ///< PredictOptions::made_from is known
  bool from_routes = false;       ///< where tokens go: from routes, else from the gate's statistics
  bool weights_dominate = false;  ///< moving tokens cannot gain 1 %: reading weights takes as long
  double even_gain_ns = 0;        ///< upper bound on the gain of a step if tokens were even
  MemoryUse memory;
  std::optional<MoveCost> move;          ///< from PredictOptions::previous
  std::optional<double> previous_ns;     ///< step of the previous plan, on the same windows
  std::optional<bool> gain_below_noise;  ///< |gain| is smaller than noise_ns()
  std::vector<std::string> notes;
};

/// Relative error of a predicted stage by rooflines; with fitted kernels it is that of the kernels,
/// and after a refit that of the recording's steps left out.
/// Measured expert stages of H100 and H200 took 23 and 26 % longer than predicted, from 128 GPUs on
/// 34 to 40 %.
inline constexpr double kModelError = 0.25, kModelErrorOfMany = 0.4;
inline constexpr int kManyGpus = 128;

struct PredictOptions {
  const Plan* previous = nullptr;
  /// Windows that the plan was made from, [first, last), empty when none did; the others judge it
  /// when there are some. nullopt: not known.
  std::optional<std::pair<int, int>> made_from;
  int first_window = 0;  ///< number of the first of the given windows, for notes
  int batches = 12;      ///< drawn for the noise
  std::uint64_t seed = 1;
  /// Called for every stage of every drawn batch, batch after batch; a batch begins at 0, and
  /// step_ns is the mean of their ends. Empty: faster.
  std::function<void(int batch, const StageSpan&)> visit;
};

/// Predicts a step of `unit` under `plan`. GPUs, nodes and slots are those of the plan.
/// @pre validate_plan() found no error
/// Throws Error when loads, plan, model and unit do not fit together; Cancelled.
Prediction predict(const Hardware& hardware, const ModelShape& model, const ServingUnit& unit,
                   const Plan& plan, const LoadSet& loads, const PredictOptions& options,
                   Progress& progress);

/// `unit` on the machine of `plan`: GPUs, nodes and slots replaced, tensor parallelism and shared
/// GPUs cut to what fits. With another number of GPUs the name says so: "prefill on 8 GPUs, per
/// GPU as prefill32".
ServingUnit unit_on(const ServingUnit& unit, const Plan& plan);

}  // namespace moescope
