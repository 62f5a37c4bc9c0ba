// Where libraries of CUDA may lie that the loader does not find.
#pragma once

#include <string>
#include <vector>

namespace moescope::runtime::cuda {

/// What to open for a library such as "libcublas.so.13", in this order: what the variable
/// MOESCOPE_CUDA_LIBRARIES names (a folder), what the loader finds, the toolkit's folders, and the
/// Python wheels (site-packages/nvidia/*/lib) of the active environment, the user and the system.
std::vector<std::string> library_candidates(const std::string& name);

}  // namespace moescope::runtime::cuda
