#include "gpu/comm/memory/processes.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/error.h"
#include "gpu/comm/memory/mpi_entry.h"
#include "gpu/comm/memory/remote_processes.h"

namespace moescope::runtime {
namespace {

/// 1: processes of one host reach each other as those of several do.
constexpr const char* kMessagesVariable = "MOESCOPE_MPI_MESSAGES";

/// How many processes the launcher started, from the environment of Open MPI, MPICH and Slurm's
/// PMI; 1: alone.
int launched_processes() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const char* text = std::getenv(name);
    if (text != nullptr) return std::atoi(text);
  }
  return 1;
}

}  // namespace

// MPI is opened, not linked: without mpirun it is neither needed nor started.
std::unique_ptr<Processes> join_processes() {
  const int count = launched_processes();
  if (count <= 1) return nullptr;
  const std::string place = fmt::format("one of {} processes", count);
  std::error_code error;
  const auto library =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / mpi::kLibrary;
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    throw Error("mpirun", place,
                fmt::format("MPI cannot be used: {}", reason == nullptr ? "unknown" : reason),
                "install libopenmpi-dev and build again, or start without mpirun");
  }
  const auto join = reinterpret_cast<mpi::Join*>(dlsym(handle, mpi::kJoin));
  if (join == nullptr)
    throw Error(library.string(), mpi::kJoin, "is missing: the library is of another build");
  try {
    const char* wish = std::getenv(kMessagesVariable);
    mpi::Joined joined;
    join(wish != nullptr && std::string_view(wish) == "1", joined);
    if (joined.transport == nullptr) return std::unique_ptr<Processes>(joined.sharing);
    return std::make_unique<RemoteProcesses>(std::unique_ptr<Transport>(joined.transport));
  } catch (const std::runtime_error& failure) {
    throw Error("mpirun", place, failure.what());
  }
}

}  // namespace moescope::runtime
