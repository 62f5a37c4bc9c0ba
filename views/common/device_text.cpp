#include "views/common/device_text.h"

#include "core/analysis/spans/gpu_work.h"

namespace moescope {

QString device_text(const Trace& trace, const DeviceKey& key) {
  return QString::fromStdString(trace.processes().at(key.process).label + ", " +
                                device_word(trace, key));
}

}  // namespace moescope
