// A place in model, cluster and plan, shared by the views of loads and plans.
#pragma once

namespace moescope {

/// -1 where nothing is chosen.
struct ModelPlace {
  int layer = -1;   ///< row of the loads, not the model's layer id
  int expert = -1;  ///< logical expert
  int gpu = -1;
  int slot = -1;  ///< of the plan's layer
  int step = -1;  ///< as the engine counts its forward passes
  int micro_batch = -1;
  friend bool operator==(const ModelPlace&, const ModelPlace&) = default;
};

}  // namespace moescope
