// The CPU: virtual ranks are threads, workers are threads, in one process or in several.
#pragma once

#include "gpu/engine/backend.h"

namespace moescope::runtime {

const Backend& cpu_backend();

}  // namespace moescope::runtime
