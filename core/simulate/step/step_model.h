// A plan under loads as stages of a step: the durations that the schedule puts in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/placement/evaluate.h"
#include "core/placement/plan.h"
#include "core/random.h"
#include "core/simulate/step/costs.h"
#include "core/simulate/step/schedule.h"
#include "core/simulate/step/unit_kernels.h"

namespace moescope {

/// What a step is made of; all members live as long as the model made from them.
struct Scenario {
  Hardware hardware;
  ModelShape model;
  ServingUnit unit;  ///< its GPUs, nodes and slots are those of the plan
  Plan plan;
};

/// Tokens of each slot in one micro-batch: [layer][slot].
using SlotTokens = std::vector<std::vector<double>>;

class StepModel {
 public:
  /// @param loads [layer][expert]; when the plan has one expert more than the loads, that is the
  /// routed shared expert and gets every token. A layer without load counts as even.
  /// @param routes used for the way tokens go when they have the plan's layers; may be null
  /// Throws Error when plan, loads and model do not fit together.
  StepModel(const Scenario& scenario, const LayerLoads& loads, const Routes* routes);

  const SlotTokens& expected() const { return expected_; }
  /// A batch that was drawn from the expected tokens: each slot's number is Poisson distributed.
  /// The same for the same random numbers, whatever the threads.
  SlotTokens draw(Random& random) const;
  /// [layer][micro-batch] of the dense and the MoE layers, for one batch a micro-batch.
  std::vector<std::vector<LayerStages>> stages(const std::vector<SlotTokens>& batches) const;

  /// [gpu], from the tokens of the slots of one layer.
  std::vector<ExpertTime> expert_times(const std::vector<double>& tokens) const;
  const CommonTimes& common() const { return common_; }
  const TransferTime& dispatch(std::size_t layer) const { return dispatch_[layer]; }
  const TransferTime& combine(std::size_t layer) const { return combine_[layer]; }
  const Traffic& traffic(std::size_t layer) const { return traffic_[layer]; }
  bool from_routes() const { return from_routes_; }
  const std::vector<char>& dead() const { return dead_; }
  const std::vector<std::string>& notes() const { return notes_; }
  /// The fitted kernels behind the times; nullopt: rooflines.
  const std::optional<UnitKernels>& kernels() const { return kernels_; }

 private:
  void check_fit(const LayerLoads& loads);
  void expect_tokens(const LayerLoads& loads);
  void route(const Routes* routes);
  void route_layer(std::size_t layer, const Routes* routes);
  void add_experts(std::vector<LayerStages>& layer, std::size_t l,
                   const std::vector<SlotTokens>& batches) const;

  const Scenario& s_;
  SmShares sms_;
  ComputeRates main_, side_;
  std::optional<UnitKernels> kernels_;
  CommonTimes common_;
  std::vector<char> dead_;  ///< [gpu]
  bool from_routes_ = false;
  SlotTokens expected_;
  /// [layer] random numbers that a batch takes; nullopt where that depends on the numbers.
  std::vector<std::optional<std::uint64_t>> numbers_;
  std::vector<std::vector<double>> weight_;  ///< [layer][slot] share of its expert's tokens
  std::vector<Traffic> traffic_;
  std::vector<TransferTime> dispatch_, combine_;
  std::vector<std::string> notes_;
};

/// Seconds as whole nanoseconds.
TimeNs to_ns(double seconds);

}  // namespace moescope
