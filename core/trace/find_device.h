// Looking a device up among those of a trace.
#pragma once

#include <vector>

#include "core/trace/types.h"

namespace moescope {

/// Device `index` of `process`, nullptr when it is not described. Fast when the list is in order of
/// process and index, as most are: hostile traces have hundreds of thousands of devices.
const Device* find_device(const std::vector<Device>& devices, ProcessId process, int index);

}  // namespace moescope
