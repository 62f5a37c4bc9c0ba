// The operators of an MoE layer on a GPU, in float.
#pragma once

#include "gpu/compute/operators.h"
#include "gpu/cuda/recording.h"

namespace moescope::runtime::cuda {

class CudaOperators final : public MoeOperators {
 public:
  CudaOperators(const ModelConfig& config, Recording& recording)
      : config_(config), recording_(recording) {}

  void gate(const RouterView& router, const float* x, int rows, RoutingView routing,
            Team& team) const override;
  void choose_slots(const ReplicaView& plan, RoutingView routing, const std::uint64_t* keys,
                    int rows, Choice* choices, std::uint32_t* loads, Team& team) const override;
  /// By cuBLAS' grouped products, which take the numbers of rows from the host: it waits for the
  /// offsets of each call. A kernel of our own would read them on the device.
  void experts(const ExpertRows& groups, const float* x, float* y, Team& team) const override;

 private:
  ModelConfig config_;
  Recording& recording_;
};

}  // namespace moescope::runtime::cuda
