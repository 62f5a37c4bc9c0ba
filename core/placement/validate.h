// Everything that can be wrong with a plan, including what serving engines do not check.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/placement/plan.h"

namespace moescope {

/// What the plan is to be used with; absent members are not checked.
struct PlanExpectation {
  std::optional<int> experts;       ///< logical experts of the model
  std::optional<int> layers;        ///< MoE layers
  std::optional<int> model_layers;  ///< all layers of the model, the dense ones too
  std::optional<std::vector<int>> layer_ids;
  std::optional<int> redundant_experts;          ///< as given to the engine's launch flag
  std::optional<std::int64_t> expert_bytes;      ///< of one expert in one layer
  std::optional<std::int64_t> gpu_expert_bytes;  ///< room for experts on a GPU, over all layers
  bool groups_on_nodes = false;                  ///< a group outside its node is reported
};

/// All problems in the order plan, layer, slot. A plan without an Error can be
/// used by the evaluator and the solvers; warnings are legal but wasteful or
/// unusual.
std::vector<PlanProblem> validate_plan(const Plan& plan, const PlanExpectation& expected = {});

/// The parts of validate_plan(), for who checks again only what changed: all that does not concern
/// a single row,
std::vector<PlanProblem> validate_shape(const Plan& plan, const PlanExpectation& expected = {});
/// and one row. @pre machine_is_sound()
std::vector<PlanProblem> validate_layer(const Plan& plan, int layer,
                                        const PlanExpectation& expected = {});
/// The numbers of GPUs, nodes and groups are positive and GPUs divide over nodes; else rows cannot
/// be read slot by slot.
bool machine_is_sound(const Plan& plan);

/// Bytes of the experts on the fullest GPU over all layers, with `expert_bytes` a slot.
std::int64_t expert_bytes_of_gpu(const Plan& plan, std::int64_t expert_bytes);

/// "layer 3, slot 17: holds expert 999, expected 0..255".
std::string to_string(const PlanProblem& problem);
bool has_errors(const std::vector<PlanProblem>& problems);
/// Throws an Error that lists the first errors and counts the rest; returns
/// when there is none.
void throw_on_errors(const std::vector<PlanProblem>& problems, const std::string& source);

}  // namespace moescope
