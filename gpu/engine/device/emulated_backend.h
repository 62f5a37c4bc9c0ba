// Kernels on the emulator of a GPU as a backend: what CI serves, and slow.
#pragma once

#include "gpu/engine/backend.h"

namespace moescope::runtime {

const Backend& emulated_backend();

}  // namespace moescope::runtime
