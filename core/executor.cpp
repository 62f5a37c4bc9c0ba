#include "core/executor.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/parallel.h"

namespace moescope {
namespace {
constexpr int kLeastBound = 32, kThreadsPerCore = 4;
}

/// Never destroyed: what is freed while the program ends may still use it.
Executor& Executor::shared() {
  static auto* const executor =
      new Executor(std::max(kLeastBound, kThreadsPerCore * hardware_threads()));
  return *executor;
}

Executor::Executor(int most_threads) : most_(std::max(1, most_threads)) {}

Executor::~Executor() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Executor::run(std::function<void()> work) {
  std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(work));
  // Idle ones that were woken, but did not come to take their work yet, count as idle still.
  const bool taken = waiting_.size() <= static_cast<std::size_t>(idle_);
  if (!taken && static_cast<int>(threads_.size()) < most_)
    threads_.emplace_back([this] { serve(); });
  else
    wake_.notify_one();
}

int Executor::threads() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(threads_.size());
}

void Executor::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it holds is freed here, not under the lock
    lock.lock();
  }
}

struct TaskGroup::State {
  int at_once = 0;
  std::mutex mutex;
  std::condition_variable idle;
  std::deque<std::function<void()>> waiting;
  int running = 0;  ///< threads that take tasks, or were asked to
};

TaskGroup::TaskGroup(int at_once, Executor& executor)
    : executor_(executor), state_(std::make_shared<State>()) {
  state_->at_once = at_once > 0 ? at_once : std::numeric_limits<int>::max();
}

TaskGroup::~TaskGroup() {
  clear();
  wait();
}

void TaskGroup::run(std::function<void()> task) {
  {
    std::lock_guard lock(state_->mutex);
    state_->waiting.push_back(std::move(task));
    if (state_->running >= state_->at_once) return;
    ++state_->running;
  }
  executor_.run([state = state_] { drain(*state); });
}

void TaskGroup::drain(State& state) {
  std::unique_lock lock(state.mutex);
  while (!state.waiting.empty()) {
    std::function<void()> task = std::move(state.waiting.front());
    state.waiting.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
  if (--state.running == 0) state.idle.notify_all();
}

void TaskGroup::clear() {
  std::deque<std::function<void()>> dropped;  // freed without the lock
  std::lock_guard lock(state_->mutex);
  dropped.swap(state_->waiting);
}

void TaskGroup::wait() {
  std::unique_lock lock(state_->mutex);
  state_->idle.wait(lock, [this] { return state_->running == 0 && state_->waiting.empty(); });
}

}  // namespace moescope
