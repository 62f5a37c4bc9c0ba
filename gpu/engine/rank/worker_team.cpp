#include "gpu/engine/rank/worker_team.h"

#include <algorithm>

#include "gpu/base/clock.h"
#include "gpu/base/thread_state.h"

namespace moescope::runtime {

WorkerTeam::WorkerTeam(int first_worker, int size, WorkerObserver observer)
    : first_worker_(first_worker), size_(std::max(size, 1)), observer_(std::move(observer)) {
  start();
}

WorkerTeam::~WorkerTeam() {
  stop();
}

void WorkerTeam::start() {
  for (int index = 1; index < size_; ++index)
    threads_.emplace_back([this, index, seen = generation_] { work(index, seen); });
}

std::vector<std::int64_t> WorkerTeam::worker_threads() const {
  std::vector<std::int64_t> result;
  for (const auto& number : numbers_)
    if (const auto thread = number.load(std::memory_order_relaxed); thread != 0)
      result.push_back(thread);
  return result;
}

void WorkerTeam::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  stopping_ = false;
}

void WorkerTeam::resize(int first_worker, int size) {
  size = std::max(size, 1);
  if (size == size_ && first_worker == first_worker_) return;
  stop();
  first_worker_ = first_worker;
  size_ = size;
  start();
}

void WorkerTeam::run_piece(int index) {
  const int parts = std::min(size_, count_);
  if (index >= parts) return;
  const auto bound = [&](int part) {
    return static_cast<int>(static_cast<std::int64_t>(count_) * part / parts);
  };
  const std::int64_t begin = observer_ ? steady_now() : 0;
  (*piece_)(bound(index), bound(index + 1));
  if (observer_) observer_(first_worker_ + index, begin, steady_now());
}

void WorkerTeam::work(int index, std::uint64_t seen) {
  auto& number = numbers_[static_cast<std::size_t>(index % kMostWorkers)];
  number.store(static_cast<std::int32_t>(this_thread()), std::memory_order_relaxed);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || generation_ != seen; });
      if (stopping_) {
        number.store(0, std::memory_order_relaxed);
        return;
      }
      seen = generation_;
    }
    std::exception_ptr error;
    const std::int64_t before = thread_processor_time();
    try {
      run_piece(index);
    } catch (...) {
      error = std::current_exception();
    }
    processor_.fetch_add(thread_processor_time() - before, std::memory_order_relaxed);
    std::lock_guard lock(mutex_);
    if (error && !error_) error_ = error;
    if (--running_ == 0) done_.notify_one();
  }
}

void WorkerTeam::split(int count, const std::function<void(int, int)>& piece) {
  if (count <= 0) return;
  count_ = count;
  piece_ = &piece;
  const int parts = std::min(size_, count);
  if (parts > widest_.load(std::memory_order_relaxed))
    widest_.store(parts, std::memory_order_relaxed);
  if (size_ == 1 || count == 1) {  // no other worker is woken or looks at the work
    run_piece(0);
    return;
  }
  {
    std::lock_guard lock(mutex_);
    ++generation_;
    running_ = size_ - 1;
    error_ = nullptr;
  }
  wake_.notify_all();
  std::exception_ptr own;
  try {
    run_piece(0);
  } catch (...) {
    own = std::current_exception();
  }
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return running_ == 0; });
  if (own) std::rethrow_exception(own);
  if (error_) std::rethrow_exception(error_);
}

}  // namespace moescope::runtime
