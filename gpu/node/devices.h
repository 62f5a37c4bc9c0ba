// What `moescope-node --devices` prints.
#pragma once

#include <string>

#include "gpu/cuda/probe.h"

namespace moescope::runtime {

/// The report as text, or as one JSON document.
std::string devices_text(const cuda::ProbeReport& report, bool json);

}  // namespace moescope::runtime
