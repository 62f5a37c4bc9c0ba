// Which device a result is of.
#pragma once

#include <compare>

#include "core/trace/types.h"

namespace moescope {

/// One device of the trace: the key that every per-device result carries.
struct DeviceKey {
  ProcessId process = 0;
  int device = 0;
  friend auto operator<=>(const DeviceKey&, const DeviceKey&) = default;
};

}  // namespace moescope
