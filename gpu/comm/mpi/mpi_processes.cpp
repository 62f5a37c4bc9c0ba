// Processes of one host under MPI. Their memory is shared by MPI-3 windows, so the primitives of
// the address space are loads, stores and atomics there as between threads; MPI itself starts the
// run, hands out the memory and ends the run.
#include <mpi.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "gpu/comm/mpi/entry.h"

namespace moescope::runtime::mpi {
namespace {

void check(int result, const char* what) {
  if (result == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(result, text, &length);
  throw std::runtime_error(std::string(what) + ": " + text);
}

class MpiProcesses final : public Processes {
 public:
  MpiProcesses() {
    int level = 0;
    // Only the main thread calls MPI.
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level), "MPI_Init_thread");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &index_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm host = MPI_COMM_NULL;
    check(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, index_, MPI_INFO_NULL, &host),
          "MPI_Comm_split_type");
    host_ = host;
    MPI_Comm_set_errhandler(host_, MPI_ERRORS_RETURN);
    int here = 0;
    MPI_Comm_size(host_, &here);
    if (here != size_)
      throw std::runtime_error(
          "the processes are on several hosts; their ranks reach each other by shared memory, "
          "which "
          "needs all of them on one");
    const long own = ::getpid();
    pids_.resize(static_cast<std::size_t>(size_));
    check(MPI_Allgather(&own, 1, MPI_LONG, pids_.data(), 1, MPI_LONG, host_), "MPI_Allgather");
  }

  int size() const override { return size_; }
  int index() const override { return index_; }

  std::vector<std::span<std::byte>> allocate(std::size_t bytes) override {
    MPI_Info info = MPI_INFO_NULL;
    MPI_Info_create(&info);
    MPI_Info_set(info, "alloc_shared_noncontig", "true");  // every part begins on its own page
    void* own = nullptr;
    MPI_Win window = MPI_WIN_NULL;
    const int result =
        MPI_Win_allocate_shared(static_cast<MPI_Aint>(bytes), 1, info, host_, &own, &window);
    MPI_Info_free(&info);
    check(result, "shared memory");
    windows_.push_back(window);
    if (bytes > 0) std::memset(own, 0, bytes);
    std::vector<std::span<std::byte>> parts;
    for (int process = 0; process < size_; ++process) {
      MPI_Aint size = 0;
      int unit = 0;
      void* base = nullptr;
      check(MPI_Win_shared_query(window, process, &size, &unit, &base), "MPI_Win_shared_query");
      parts.emplace_back(static_cast<std::byte*>(base), static_cast<std::size_t>(size));
    }
    barrier();
    return parts;
  }

  void barrier() override { check(MPI_Barrier(host_), "MPI_Barrier"); }

  bool alive(int process) const override {
    const auto pid = static_cast<pid_t>(pids_[static_cast<std::size_t>(process)]);
    return ::kill(pid, 0) == 0 || errno != ESRCH;
  }

  void leave(int exit_code) override {
    if (exit_code != 0) {
      MPI_Abort(MPI_COMM_WORLD, exit_code);
      return;
    }
    for (MPI_Win& window : windows_) MPI_Win_free(&window);
    windows_.clear();
    MPI_Finalize();
  }

 private:
  int size_ = 1, index_ = 0;
  MPI_Comm host_ = MPI_COMM_NULL;
  std::vector<long> pids_;
  std::vector<MPI_Win> windows_;
};

}  // namespace
}  // namespace moescope::runtime::mpi

extern "C" moescope::runtime::Processes* moescope_join_mpi() {
  return new moescope::runtime::mpi::MpiProcesses();
}
