// What the program and the library that holds MPI know of each other.
#pragma once

#include "gpu/comm/processes.h"

namespace moescope::runtime::mpi {

inline constexpr const char* kLibrary = "moescope_mpi.so";  ///< beside the program
inline constexpr const char* kJoin = "moescope_join_mpi";
/// Starts MPI; the caller owns the result. Throws std::runtime_error.
using Join = Processes*();

}  // namespace moescope::runtime::mpi
