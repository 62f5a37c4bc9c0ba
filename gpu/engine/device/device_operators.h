// The operators of an MoE layer as kernels, for one rank.
#pragma once

#include "gpu/compute/operators.h"
#include "gpu/engine/device/launcher.h"

namespace moescope::runtime {

/// Rows that they have room for.
struct OperatorRoom {
  int tokens = 0;           ///< of the rank
  std::size_t arrived = 0;  ///< rows that may come to its experts
};

/// Nothing here waits for the device. ExpertRows::experts lie on the device.
class DeviceOperators final : public MoeOperators {
 public:
  DeviceOperators(Launcher& launcher, const ModelConfig& config, Memory& memory,
                  const OperatorRoom& room);

  void gate(const RouterView& router, const float* x, int rows, RoutingView routing,
            Team& team) const override;
  /// Likewise for experts that are chosen: fills `routing.weights`.
  void weigh(const RouterView& router, const float* x, int rows, RoutingView routing,
             Team& team) const;
  void choose_slots(const ReplicaView& plan, RoutingView routing, const std::uint64_t* keys,
                    int rows, Choice* choices, std::uint32_t* loads, Team& team) const override;
  void experts(const ExpertRows& groups, const float* x, float* y, Team& team) const override;

 private:
  GateRows gate_step(const RouterView& router, const float* x, int rows, RoutingView routing) const;

  Launcher& launcher_;
  const ModelConfig& config_;
  float *scores_, *activations_;
};

}  // namespace moescope::runtime
