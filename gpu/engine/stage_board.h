// How far each micro-batch of a rank is: what the streams of the rank wait for.
#pragma once

#include <array>
#include <condition_variable>
#include <mutex>

#include "gpu/comm/address_space.h"
#include "gpu/engine/schedule.h"
#include "gpu/record/rank_log.h"

namespace moescope::runtime {

class StageBoard {
 public:
  void reset() {
    std::lock_guard lock(mutex_);
    stages_ = {};
    turn_ = 0;
  }
  /// Waits until `item` may begin. Throws Aborted.
  void wait_for(const Item& item) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] {
      return aborted_ || (stages_[static_cast<std::size_t>(item.micro_batch)] >= item.needs &&
                          (item.turn < 0 || turn_ == item.turn));
    });
    if (aborted_) throw Aborted();
  }
  /// Its micro-batch has reached the item's stage; others may go on though the item is not done.
  void reached(const Item& item) {
    {
      std::lock_guard lock(mutex_);
      stages_[static_cast<std::size_t>(item.micro_batch)] = item.reaches;
    }
    wake_.notify_all();
  }
  /// The item is done: the next turn of a serial step may begin.
  void done(const Item& item) {
    if (item.turn < 0) return;
    {
      std::lock_guard lock(mutex_);
      turn_ = item.turn + 1;
    }
    wake_.notify_all();
  }
  void abort() {
    {
      std::lock_guard lock(mutex_);
      aborted_ = true;
    }
    wake_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::array<int, kMaxMicroBatches> stages_{};
  int turn_ = 0;
  bool aborted_ = false;
};

}  // namespace moescope::runtime
