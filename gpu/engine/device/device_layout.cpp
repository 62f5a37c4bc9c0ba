#include "gpu/engine/device/device_layout.h"

#include "gpu/engine/device/device_unit.h"

namespace moescope::runtime {

void check_device_layout(const EngineOptions& options, const LayoutHost& host) {
  UnitOptions unit;
  unit.tp = options.tp;
  unit.route_shared = options.route_shared;
  unit.active_slots = options.active_slots;
  check_device_unit(unit, host.processes > 1);
}

}  // namespace moescope::runtime
