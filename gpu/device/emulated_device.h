// A device whose kernels run on the emulator (docs/emulator.md): slow, and the same text as on a
// GPU.
#pragma once

#include "gpu/device/device.h"

namespace moescope::runtime {

/// Its memory is that of the host; launches are over when the call returns. `seed` decides the
/// order of threads in every launch.
std::unique_ptr<Device> emulated_device(std::uint64_t seed);

}  // namespace moescope::runtime
