// Interface between the program and the library that holds MPI.
#pragma once

#include "gpu/comm/memory/processes.h"
#include "gpu/comm/memory/transport.h"

namespace moescope::runtime::mpi {

inline constexpr const char* kLibrary = "moescope_mpi.so";  ///< beside the program
inline constexpr const char* kJoin = "moescope_join_mpi";

/// One of the two; the caller owns it.
struct Joined {
  Processes* sharing = nullptr;    ///< all on one host
  Transport* transport = nullptr;  ///< on several
};
/// Starts MPI. `by_messages`: as on several hosts, also on one. Throws std::runtime_error.
using Join = void(bool by_messages, Joined& joined);

}  // namespace moescope::runtime::mpi
