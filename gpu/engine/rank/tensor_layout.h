// Which tensor-parallel layouts of a unit are possible.
#pragma once

#include "gpu/base/exchange_wire.h"
#include "gpu/model/config.h"

namespace moescope::runtime {

/// Throws Error when the ranks of a unit cannot form groups of `tp` inside their nodes, or the
/// model's heads cannot be split over a group.
void check_tensor_parallel(const ModelConfig& config, const Group& group, int tp);

}  // namespace moescope::runtime
