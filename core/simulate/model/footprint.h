// Footprint of a plan and cost of changing to it: memory per GPU, bytes moved, time to move.
#pragma once

#include "core/placement/plan.h"
#include "core/simulate/model/hardware.h"
#include "core/simulate/model/model.h"
#include "core/simulate/model/unit.h"

namespace moescope {

/// Bytes on one GPU.
struct MemoryUse {
  double experts = 0;  ///< the slots of the plan, all MoE layers
  double other = 0;    ///< attention, dense layers, gates, a local shared expert
  double cache = 0;    ///< keys and values of the tokens in flight
  double room = 0;     ///< memory of the GPU
  double total() const { return experts + other + cache; }
  bool fits() const { return total() <= room; }
};
MemoryUse memory_use(const Hardware& hardware, const ModelShape& model, const ServingUnit& unit,
                     const Plan& plan);

/// Changing from one plan to another.
struct MoveCost {
  long copies = 0;           ///< (layer, GPU, expert) that the GPU did not hold
  double bytes = 0;          ///< of all copies
  double gpu_bytes = 0;      ///< most that one GPU receives
  double seconds = 0;        ///< when all GPUs copy at once and nothing else uses the links
  double layer_seconds = 0;  ///< of the worst layer, for engines that move layer by layer
};
/// A copy comes from the GPU that sends least so far, of the same node when one has the expert;
/// NVLink and InfiniBand work at the same time.
/// @pre both plans have the same layers, experts and GPUs
MoveCost move_cost(const Plan& from, const Plan& to, const Hardware& hardware,
                   const ModelShape& model);

}  // namespace moescope
