// Small scenarios for tests of the cost model.
#pragma once

#include <vector>

#include "core/loads/load_set.h"
#include "core/placement/plan.h"
#include "core/simulate/model/hardware.h"
#include "core/simulate/model/model.h"
#include "core/simulate/model/unit.h"
#include "core/simulate/predict.h"

namespace moescope::test {

/// A plan with slot s holding expert s modulo the experts, alike in all layers.
inline Plan rolling_plan(int gpus, int nodes, int slots, int experts, int layers, int groups = 1) {
  Plan plan{.num_gpus = gpus, .num_nodes = nodes, .num_groups = groups, .num_experts = experts};
  std::vector<int> row;
  for (int s = 0; s < slots; ++s) row.push_back(s % experts);
  plan.physical_to_logical.assign(static_cast<std::size_t>(layers), row);
  return plan;
}

/// One window a call of `rows`.
inline LoadSet load_set(std::vector<LayerLoads> windows) {
  LoadSet set;
  set.experts = static_cast<int>(windows.at(0).at(0).size());
  set.windows = std::move(windows);
  return set;
}

/// All experts of `layers` layers alike.
inline LoadSet even_loads(int layers, int experts, double tokens = 1000) {
  return load_set({LayerLoads(static_cast<std::size_t>(layers),
                              std::vector<double>(static_cast<std::size_t>(experts), tokens))});
}

/// Rooflines at the peaks, without overheads, tiles of one row: figures can be checked by hand.
inline Hardware ideal(const std::string& name) {
  auto hardware = load_hardware(name);
  hardware.kernels = {};
  hardware.gemm_efficiency = hardware.attention_efficiency = hardware.memory_efficiency = 1;
  hardware.tile_rows_prefill = hardware.tile_rows_decode = 1;
  hardware.kernel_overhead_us = hardware.normal_latency_us = hardware.low_latency_us = 0;
  return hardware;
}

/// What a prediction needs: 288 slots on 32 GPUs, even loads of three layers.
struct PredictCase {
  Hardware hardware = load_hardware("h800");
  ModelShape model = load_model_shape("deepseek-v3");
  ServingUnit unit = load_unit("prefill32");
  Plan plan = rolling_plan(32, 4, 288, 256, 3, 8);
  LoadSet loads = even_loads(3, 256);
  PredictOptions options;
};

}  // namespace moescope::test
