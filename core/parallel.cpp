#include "core/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "core/executor.h"

namespace moescope {
namespace {

/// One loop, shared by its caller and the threads that help. Helpers may come when it is over.
class Loop {
 public:
  Loop(std::size_t count, const std::function<void(std::size_t)>& body)
      : count_(count), body_(&body) {}

  void work() {
    try {
      for (std::size_t i = next_++; i < count_; i = next_++) (*body_)(i);
    } catch (...) {
      next_ = count_;
      std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }
  void help() {
    {
      std::lock_guard lock(mutex_);
      if (over_) return;
      ++helpers_;
    }
    work();
    std::lock_guard lock(mutex_);
    if (--helpers_ == 0) idle_.notify_all();
  }
  /// Lets no further helper in and waits for those that are.
  void end() {
    std::unique_lock lock(mutex_);
    over_ = true;
    idle_.wait(lock, [this] { return helpers_ == 0; });
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  const std::size_t count_;
  const std::function<void(std::size_t)>* body_;  ///< the caller's: not to be used when it is over
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable idle_;
  std::exception_ptr failure_;
  int helpers_ = 0;
  bool over_ = false;
};

}  // namespace

int hardware_threads() {
  const unsigned n = std::thread::hardware_concurrency();
  return n == 0 ? 1 : static_cast<int>(n);
}

void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body, int threads) {
  if (threads <= 0) threads = hardware_threads();
  const std::size_t helpers =
      count > 1 ? std::min(static_cast<std::size_t>(threads), count) - 1 : 0;
  const auto loop = std::make_shared<Loop>(count, body);
  for (std::size_t i = 0; i < helpers; ++i) Executor::shared().run([loop] { loop->help(); });
  loop->work();
  loop->end();
}

}  // namespace moescope
