// How a device is called in lists and sentences.
#pragma once

#include <QString>

#include "core/analysis/spans/device_key.h"
#include "core/trace/trace.h"

namespace moescope {

/// "rank 3, GPU 0"
QString device_text(const Trace& trace, const DeviceKey& key);

}  // namespace moescope
