// The program's threads for short-lived work: jobs, pieces of files, parallel loops. Threads that
// live as long as their object (a writer's, a connection's) are separate.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace moescope {

/// Runs work in order of submission on threads created on demand, up to a bound. Thread-safe.
class Executor {
 public:
  /// The program's executor. Its bound leaves room for jobs that wait for a slow disk beside those
  /// that compute.
  static Executor& shared();

  explicit Executor(int most_threads);
  /// Waits for all submitted work.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// `work` must not throw.
  void run(std::function<void()> work);
  /// Threads created so far.
  int threads() const;

 private:
  void serve();

  const int most_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;
  int idle_ = 0;
  bool ending_ = false;
};

/// Tasks of one owner: they can be waited for, and dropped before they begin.
class TaskGroup {
 public:
  /// At most `at_once` tasks run at a time; 0: as many as the executor allows.
  explicit TaskGroup(int at_once = 0, Executor& executor = Executor::shared());
  /// clear(), then wait().
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// `task` must not throw.
  void run(std::function<void()> task);
  /// Drops tasks that have not begun.
  void clear();
  /// Blocks until nothing runs or waits. Must not be called from a task of the group.
  void wait();

 private:
  struct State;
  static void drain(State& state);

  Executor& executor_;
  std::shared_ptr<State> state_;
};

}  // namespace moescope
