#include "core/trace/find_device.h"

#include <algorithm>
#include <utility>

namespace moescope {

const Device* find_device(const std::vector<Device>& devices, ProcessId process, int index) {
  const auto is_it = [&](const Device& d) { return d.process == process && d.index == index; };
  const auto guess = std::lower_bound(
      devices.begin(), devices.end(), std::pair(process, index),
      [](const Device& d, const auto& key) { return std::pair(d.process, d.index) < key; });
  if (guess != devices.end() && is_it(*guess)) return &*guess;
  const auto found = std::find_if(devices.begin(), devices.end(), is_it);
  return found == devices.end() ? nullptr : &*found;
}

}  // namespace moescope
