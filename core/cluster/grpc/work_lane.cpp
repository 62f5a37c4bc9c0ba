#include "core/cluster/grpc/work_lane.h"

namespace moescope {

WorkLane::WorkLane(Limits limits) : limits_(limits) {
  for (int i = 0; i < limits_.threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkLane::~WorkLane() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkLane::submit(const std::string& peer, std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (all_ >= limits_.all) return false;
    if (!peer.empty()) {
      const auto known = peers_.find(peer);
      if (known != peers_.end() &&
          known->second.waiting.size() + known->second.running >= limits_.of_one)
        return false;
    }
    Queue& queue = peers_[peer];
    if (queue.waiting.empty()) turns_.push_back(peer);
    queue.waiting.push_back(std::move(work));
    ++all_;
  }
  wake_.notify_one();
  return true;
}

void WorkLane::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return closing_ || !turns_.empty(); });
    if (turns_.empty()) return;
    const std::string peer = std::move(turns_.front());
    turns_.pop_front();
    Queue& queue = peers_.at(peer);
    const auto work = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    ++queue.running;
    if (!queue.waiting.empty()) turns_.push_back(peer);
    lock.unlock();
    work();
    lock.lock();
    --all_;
    if (--queue.running == 0 && queue.waiting.empty()) peers_.erase(peer);
  }
}

}  // namespace moescope
