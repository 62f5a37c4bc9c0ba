// What `moescope-node --devices` prints.
#pragma once

#include <string>

#include "gpu/cuda/probe.h"

namespace moescope::runtime::cuda {

/// The report as text, or as one JSON document.
std::string devices_text(const ProbeReport& report, bool json);

}  // namespace moescope::runtime::cuda
