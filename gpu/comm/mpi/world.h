// The processes that mpirun started, and which of them are on this host.
#pragma once

#include <mpi.h>

#include <memory>

#include "gpu/comm/memory/processes.h"
#include "gpu/comm/memory/transport.h"

namespace moescope::runtime::mpi {

/// Throws std::runtime_error unless `result` is success.
void check(int result, const char* what);

struct World {
  /// Starts MPI; after that one thread at a time calls it.
  World();
  int size = 1, index = 0;
  int hosts = 1;
  MPI_Comm host = MPI_COMM_NULL;  ///< the processes of this host, in order of index
};

/// Ends all processes at once; returns only when MPI cannot.
void abort(int exit_code);

std::unique_ptr<Processes> sharing_processes(const World& world);
std::unique_ptr<Transport> message_transport(const World& world);

}  // namespace moescope::runtime::mpi
