// What an MoE layer computes beside its matrix products, as kernels do it: workers share the rows.
#pragma once

#include "gpu/base/exchange_wire.h"
#include "gpu/compute/gate_rules.h"
#include "gpu/compute/replica_choice.h"
#include "gpu/compute/routing.h"

namespace moescope::runtime {

/// silu(gate) * up.
MOESCOPE_SHARED inline float swiglu_value(float gate, float up) {
  return gate / (1.0F + std::exp(-gate)) * up;
}

/// Chooses the experts of every row.
struct GateRows {
  Gate gate;
  int experts = 0, hidden = 0, rows = 0;
  const float* x = nullptr;       ///< [row][hidden]
  const float* weight = nullptr;  ///< [expert][hidden]
  const float* bias = nullptr;    ///< [expert], or nullptr
  float* scratch = nullptr;       ///< scratch_floats() for each row
  RoutingView routing;

  MOESCOPE_SHARED int scratch_floats() const { return 2 * experts + gate.groups; }

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for (int row = share.first; row < rows; row += share.step) {
      float* logits = scratch + flat(row, scratch_floats());
      lanes.project(x + flat(row, hidden), weight, hidden, experts, logits);
      lanes.sync();
      score_row(lanes, gate, experts, logits);
      choose_row(lanes, gate, experts, routing.top_k, logits, bias, logits + experts,
                 routing.experts + flat(row, routing.top_k),
                 routing.weights + flat(row, routing.top_k));
    }
  }
};

/// Weighs experts that are chosen already: fills routing.weights by routing.experts.
struct WeighRows {
  GateRows gate;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    const int k = gate.routing.top_k;
    for (int row = share.first; row < gate.rows; row += share.step) {
      float* logits = gate.scratch + flat(row, gate.scratch_floats());
      lanes.project(gate.x + flat(row, gate.hidden), gate.weight, gate.hidden, gate.experts,
                    logits);
      lanes.sync();
      score_row(lanes, gate.gate, gate.experts, logits);
      if (lanes.lane() == 0)
        weigh_row(gate.gate, k, logits, gate.routing.experts + flat(row, k),
                  gate.routing.weights + flat(row, k));
    }
  }
};

/// Finds the slot of every choice and counts the rows of every expert.
struct ChooseSlots {
  ReplicaView plan;
  RoutingView routing;
  const std::uint64_t* keys = nullptr;  ///< of every row
  int rows = 0;
  Choice* choices = nullptr;       ///< [row][k]
  std::uint32_t* loads = nullptr;  ///< [expert]
  /// Which replica of its experts every row goes to, modulo their number; nullptr: by its key.
  const std::int32_t* replicas = nullptr;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for (int row = share.first; row < rows; row += share.step)
      for (int k = lanes.lane(); k < routing.top_k; k += lanes.width()) {
        const std::size_t at = flat(row, routing.top_k) + static_cast<std::size_t>(k);
        const std::int32_t expert = routing.experts[at];
        const int slot = replicas == nullptr ? plan.choose(expert, keys[row])
                                             : plan.replica(expert, replicas[row]);
        choices[at] = {slot, k, routing.weights[at]};
        lanes.add_each(loads + expert, std::uint32_t{1});
      }
  }
};

/// gate = silu(gate) * up for as many rows as there are, which only the device knows.
struct SwigluRows {
  const std::int32_t* rows = nullptr;
  int width = 0;
  float* gate = nullptr;
  const float* up = nullptr;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for (int row = share.first; row < *rows; row += share.step)
      for (int i = lanes.lane(); i < width; i += lanes.width()) {
        const std::size_t at = flat(row, width) + static_cast<std::size_t>(i);
        gate[at] = swiglu_value(gate[at], up[at]);
      }
  }
};

}  // namespace moescope::runtime
