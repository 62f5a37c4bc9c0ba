// A unit predicted over a range of one parameter, with the optimum and its reason.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/simulate/predict.h"

namespace moescope {

enum class SweepOver {
  CommSms,    ///< SMs of communication
  Redundant,  ///< redundant experts: slots beyond the model's experts, a whole slot a GPU each
  Gpus,       ///< GPUs that experts are spread over; the tokens of a GPU stay
  Batch       ///< tokens of a GPU and micro-batch
};
const char* to_string(SweepOver over);  ///< "comm-sms", "redundant", "ep", "batch"
std::optional<SweepOver> sweep_from_name(const std::string& name);

/// The unit `from` with the parameter at `value`; GPUs keep the redundant experts, filled up to
/// whole slots of a GPU. Throws Error where it cannot be.
ServingUnit unit_with(const ServingUnit& from, const ModelShape& model, SweepOver over,
                      double value);

struct SweepPoint {
  double value = 0;
  double step_ns = 0, error_ns = 0, tokens_per_second_gpu = 0;
  double attention_ns = 0;  ///< with gate, shared expert and dense layers: of all layers
  double experts_ns = 0;    ///< of the slowest GPU
  double transfer_ns = 0;   ///< dispatch and combine, hidden or not
  bool fits = true;         ///< in the memory of a GPU
};

struct Sweep {
  SweepOver over = SweepOver::CommSms;
  std::vector<SweepPoint> points;    ///< by value
  std::optional<std::size_t> best;   ///< shortest step, or most tokens of a GPU where these change
  std::string reason;                ///< of the optimum, a sentence
  std::vector<std::string> skipped;  ///< values that the unit cannot have, and why
};

struct SweepInput {
  Hardware hardware;
  ModelShape model;
  ServingUnit unit;
  LoadSet loads;
  /// The plan of a unit: its GPUs, nodes and slots.
  std::function<Plan(const ServingUnit&)> plan_for;
};

/// @param values empty: a range that suits the unit
/// Points that the unit cannot have are skipped with the reason; those that do not fit in memory
/// are predicted and never the best. Throws Error when no point is left; Cancelled.
Sweep sweep_unit(const SweepInput& input, SweepOver over, std::vector<double> values,
                 Progress& progress);

}  // namespace moescope
