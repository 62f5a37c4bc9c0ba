// The threads of the program for all work that comes and goes: jobs, pieces of files, parallel
// loops. Threads that live as long as their object (a writer's, a connection's) are their own.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace moescope {

/// Runs work in the order in which it came, on threads that are made when they are needed, up to a
/// bound. All functions may be called from any thread.
class Executor {
 public:
  /// The one of the program. Its bound leaves room for jobs that wait for a slow disk beside those
  /// that compute.
  static Executor& shared();

  explicit Executor(int most_threads);
  /// Waits for all work that was given.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// `work` must not throw.
  void run(std::function<void()> work);
  /// Threads made so far.
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

/// Work of one owner, which can be dropped before it begins and waited for.
class TaskGroup {
 public:
  /// At most `at_once` tasks run at a time; 0: as many as the executor can.
  explicit TaskGroup(int at_once = 0, Executor& executor = Executor::shared());
  /// clear(), then wait().
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// `task` must not throw.
  void run(std::function<void()> task);
  /// Drops what has not begun.
  void clear();
  /// Until nothing runs or waits. Not to be called by a task of the group.
  void wait();

 private:
  struct State;
  static void drain(State& state);

  Executor& executor_;
  std::shared_ptr<State> state_;
};

}  // namespace moescope
