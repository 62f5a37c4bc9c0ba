// Workers stand for SMs: a team is the part of a rank's workers that one stream holds.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "gpu/base/team.h"

namespace moescope::runtime {

/// Called with the worker and its begin and end (ns of the steady clock), on that worker's thread.
using WorkerObserver = std::function<void(int worker, std::int64_t begin, std::int64_t end)>;

/// The calling thread is the first worker; the others are threads that wait for pieces. Worker
/// numbers are first_worker, first_worker + 1, ...
class WorkerTeam final : public Team {
 public:
  WorkerTeam(int first_worker, int size, WorkerObserver observer = {});
  ~WorkerTeam() override;
  WorkerTeam(const WorkerTeam&) = delete;
  WorkerTeam& operator=(const WorkerTeam&) = delete;

  int size() const override { return size_; }
  int first_worker() const { return first_worker_; }
  /// Changes number and first worker; only while split() does not run.
  void resize(int first_worker, int size);
  void split(int count, const std::function<void(int, int)>& piece) override;
  /// Time that the threads of the team beside the caller's computed since the last call, ns.
  std::int64_t take_processor_time() { return processor_.exchange(0, std::memory_order_relaxed); }
  /// Threads of the workers beyond the first, as the kernel numbers them; from any thread.
  std::vector<std::int64_t> worker_threads() const;
  /// Most workers that one split() has used since the last call.
  int take_widest() { return widest_.exchange(0, std::memory_order_relaxed); }

 private:
  void start();
  void stop();
  void work(int index, std::uint64_t seen);
  void run_piece(int index);

  int first_worker_, size_;
  WorkerObserver observer_;
  static constexpr int kMostWorkers = 256;
  std::vector<std::thread> threads_;
  std::array<std::atomic<std::int32_t>, kMostWorkers> numbers_{};  ///< of the threads; 0: none
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::uint64_t generation_ = 0;
  bool stopping_ = false;
  int running_ = 0, count_ = 0;
  const std::function<void(int, int)>* piece_ = nullptr;
  std::exception_ptr error_;
  std::atomic<int> widest_{0};  ///< written by the thread that calls split()
  std::atomic<std::int64_t> processor_{0};
};

}  // namespace moescope::runtime
