// What an engine with units on a device cannot do.
#pragma once

#include "gpu/engine/footprint.h"
#include "gpu/engine/options.h"

namespace moescope::runtime {

/// Throws Error, naming the option (see check_device_unit()).
void check_device_layout(const EngineOptions& options, const LayoutHost& host);

}  // namespace moescope::runtime
