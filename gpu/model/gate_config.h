// How a gate chooses experts.
#pragma once

#include <cstdint>

namespace moescope::runtime {

enum class Scoring : std::uint8_t { Softmax, Sigmoid };
/// How a group's score is made from its experts when routing is limited to some groups.
enum class GroupScore : std::uint8_t { Max, SumOfTopTwo };

struct Gate {
  Scoring scoring = Scoring::Softmax;
  bool bias = false;  ///< a per-expert bias selects; the unbiased scores weigh
  int groups = 1, top_groups = 1;
  GroupScore group_score = GroupScore::Max;
  bool normalise = false;  ///< weights of the chosen experts sum to 1
  double scale = 1;        ///< routed scaling factor
};

}  // namespace moescope::runtime
