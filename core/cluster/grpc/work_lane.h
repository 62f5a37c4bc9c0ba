// WorkLane: a few threads that run calls, with a bounded queue.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace moescope {

/// Peers take turns; a peer with too many requests is refused without affecting the others.
/// Thread-safe.
class WorkLane {
 public:
  /// Limits on what waits or runs at a time.
  struct Limits {
    int threads = 1;
    std::size_t all = 64;
    std::size_t of_one = 16;  ///< of one peer; does not hold for the peer without a name
  };
  explicit WorkLane(Limits limits);
  /// Runs what waits, then ends.
  ~WorkLane();
  WorkLane(const WorkLane&) = delete;
  WorkLane& operator=(const WorkLane&) = delete;

  /// Queues `work` for a thread of the lane; false, without queueing, when the limits are reached.
  /// `work` must not throw.
  bool submit(const std::string& peer, std::function<void()> work);

 private:
  struct Queue {
    std::deque<std::function<void()>> waiting;
    std::size_t running = 0;
  };
  void run();

  const Limits limits_;
  std::mutex mutex_;  ///< guards the rest
  std::condition_variable wake_;
  std::map<std::string, Queue> peers_;  ///< that wait or run
  std::deque<std::string> turns_;       ///< peers with waiting work, whose turn comes first
  std::size_t all_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace moescope
