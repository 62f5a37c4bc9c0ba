#include "gpu/comm/mpi/world.h"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "gpu/comm/memory/mpi_entry.h"

namespace moescope::runtime::mpi {

void check(int result, const char* what) {
  if (result == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(result, text, &length);
  throw std::runtime_error(std::string(what) + ": " + text);
}

World::World() {
  // A thread looks for messages now and then and sleeps between; with more processes than cores
  // Open MPI would let all other threads go first each time it finds none.
  ::setenv("OMPI_MCA_mpi_yield_when_idle", "0", 0);
  int level = 0;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level), "MPI_Init_thread");
  if (level < MPI_THREAD_SERIALIZED)
    throw std::runtime_error("MPI allows calls of one thread only");
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, &index);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  check(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, index, MPI_INFO_NULL, &host),
        "MPI_Comm_split_type");
  MPI_Comm_set_errhandler(host, MPI_ERRORS_RETURN);
  int here = 0;
  MPI_Comm_rank(host, &here);
  const int leads = here == 0 ? 1 : 0;
  check(MPI_Allreduce(&leads, &hosts, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD), "MPI_Allreduce");
}

void abort(int exit_code) {
  // MPI contacts the launcher, which may be unreachable: then the alarm ends this process.
  ::alarm(10);
  MPI_Abort(MPI_COMM_WORLD, exit_code);
}

}  // namespace moescope::runtime::mpi

extern "C" void moescope_join_mpi(bool by_messages, moescope::runtime::mpi::Joined& joined) {
  using namespace moescope::runtime::mpi;
  const World world;
  if (by_messages || world.hosts > 1)
    joined.transport = message_transport(world).release();
  else
    joined.sharing = sharing_processes(world).release();
}
