// How busy the machine is, for what a bench prints.
#pragma once

#include <fstream>
#include <string>

namespace moescope::bench {

/// Of the last minute.
inline std::string load_average() {
  std::ifstream file("/proc/loadavg");
  std::string one;
  file >> one;
  return one;
}

}  // namespace moescope::bench
