// Processes of one host under MPI. Their memory is shared by MPI-3 windows, so the primitives of
// the address space are loads, stores and atomics there as between threads; MPI itself starts the
// run, hands out the memory and ends the run.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "gpu/comm/mpi/world.h"

namespace moescope::runtime::mpi {
namespace {

class SharingProcesses final : public Processes {
 public:
  explicit SharingProcesses(const World& world)
      : size_(world.size), index_(world.index), host_(world.host) {
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
    if (exit_code != 0) return abort(exit_code);
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

std::unique_ptr<Processes> sharing_processes(const World& world) {
  return std::make_unique<SharingProcesses>(world);
}

}  // namespace moescope::runtime::mpi
