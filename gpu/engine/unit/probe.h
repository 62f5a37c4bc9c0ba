// A fixed batch for checking that a plan computes the same as the plan before it: every slot of
// every layer works on some row, and the combine sums in the gate's order.
#pragma once

#include <vector>

#include "gpu/engine/unit/unit.h"

namespace moescope::runtime {

class Probe {
 public:
  /// Takes the pages it needs from the unit's caches. Throws Error when there are none.
  Probe(Unit& unit, const ModelConfig& config, int max_positions);
  /// Pages of a rank that a probe takes.
  static int pages();

  /// Between steps: logits of the rows, which visit the first `replicas` replicas of every expert
  /// as far as the rows suffice. The same rows and, under every correct plan, the same logits.
  std::vector<float> run(int replicas);
  /// Slots that worked in the last run, over all layers.
  int slots_used() const { return slots_used_; }

 private:
  std::vector<RankInput> inputs(int replicas) const;

  Unit& unit_;
  const ModelConfig& config_;
  int rows_each_;  ///< of an attention group, at most
  std::vector<KvSequence> sequences_;
  /// [row][MoE layer][top_k]: row r visits the next top_k experts.
  std::vector<std::vector<std::uint16_t>> routes_;
  int slots_used_ = 0;
};

}  // namespace moescope::runtime
