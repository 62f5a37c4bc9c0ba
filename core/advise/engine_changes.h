// What a change of plan costs in the engines that make one while they serve.
#pragma once

#include <string_view>

namespace moescope {

/// How an engine rebalances online, and how long it then serves nobody.
struct EngineChanges {
  const char* engine;
  int period_steps;          ///< forward passes between two changes by default; 0: it makes none
  double stall_s;            ///< of a change, whatever it moves
  double layer_stall_s;      ///< of each MoE layer in addition
  bool moves_while_serving;  ///< transfers are hidden; else they stall as well
  const char* source;
};

/// Of the engine; where it is unknown, of one that does not serve while it copies and has no
/// other cost.
const EngineChanges& engine_changes(std::string_view engine);

}  // namespace moescope
