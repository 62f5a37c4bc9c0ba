#include "gpu/engine/rank/tensor_layout.h"

#include <fmt/format.h>

#include "core/error.h"
#include "gpu/model/attention_shard.h"

namespace moescope::runtime {

void check_tensor_parallel(const ModelConfig& config, const Group& group, int tp) {
  if (tp < 1 || group.size % tp != 0)
    throw Error("layout", "--tp",
                fmt::format("the {} ranks of a unit cannot form groups of {}", group.size, tp),
                "choose a number that divides the ranks of a unit");
  if (group.per_node() % tp != 0)
    throw Error("layout", "--tp",
                fmt::format("a group of {} ranks would lie across nodes, each has {} ranks of a "
                            "unit; attention gathers and sums in every layer and needs NVLink",
                            tp, group.per_node()),
                "choose a number that divides the ranks of a unit on one node");
  attention_shard(config, tp);
}

}  // namespace moescope::runtime
