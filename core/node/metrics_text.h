// The figures of a status in the text format that Prometheus reads.
#pragma once

#include <string>

#include "core/node/node_status.h"

namespace moescope {

/// Version 0.0.4 of the format. What is not known has no line.
std::string metrics_text(const NodeStatus& status);

}  // namespace moescope
