// Splitting loops over the cores of the machine.
#pragma once

#include <cstddef>
#include <functional>

namespace moescope {

/// Worker threads to use: the cores of the machine, at least 1.
int hardware_threads();

/// Runs body(i) for i in [0, count) on up to `threads` threads (0 = all cores) and waits. Rethrows
/// the first exception of any call after all threads have stopped.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body, int threads = 0);

}  // namespace moescope
