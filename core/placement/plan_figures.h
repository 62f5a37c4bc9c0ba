// What a change of plan moves. Every view and command that shows copies or bytes of a change uses
// these figures, each with its unit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/placement/plan.h"

namespace moescope {

/// Serving units of a MoEscope node, prefill and decode: each holds all experts, so that a change
/// of plan is carried out in both.
inline constexpr int kUnitsOfNode = 2;

/// What the imbalance of a running node is of, in plan_effect.h and NodeUnit: not the sum of a load
/// set, as plan_balance() is.
inline constexpr const char* kRunningImbalanceWindow =
    "windows of one second, mean over layers and units";

struct PlanCopies {
  std::int64_t slots_changed = 0;  ///< slots of one unit that hold another expert than before
  std::int64_t copies = 0;  ///< of one unit: (layer, GPU, expert) that the GPU had not before
  int units = 1;            ///< serving units that each carry out the change
  std::optional<double> expert_bytes;  ///< of one expert in one layer

  std::int64_t copies_in_all() const { return copies * units; }
  std::optional<double> bytes() const;  ///< of one unit
  std::optional<double> bytes_in_all() const;
};

/// Throws Error when GPUs, layers or experts differ.
PlanCopies plan_copies(const Plan& before, const Plan& after, int units = 1,
                       std::optional<double> expert_bytes = std::nullopt);

/// Of a change that a node reports over its `units`; no bytes where it does not know them.
PlanCopies copies_of_node(std::int64_t copies_in_all, double bytes_in_all,
                          int units = kUnitsOfNode);

/// "367 copies in each of 2 units: 734 copies, 17.2 MiB (24.0 KiB per expert)"; of one unit "367
/// copies, 8.60 MiB (24.0 KiB per expert)".
std::string copies_text(const PlanCopies& copies);

}  // namespace moescope
