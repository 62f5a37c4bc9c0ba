// Progress of each micro-batch of a rank, for which its streams wait.
#pragma once

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "gpu/base/clock.h"
#include "gpu/comm/memory/address_space.h"
#include "gpu/engine/rank/schedule.h"
#include "gpu/record/rank_log.h"

namespace moescope::runtime {

class StageBoard {
 public:
  void reset() {
    std::lock_guard lock(mutex_);
    stages_ = {};
    turn_ = 0;
    reached_.fill(steady_now());
    turned_ = reached_[0];
  }
  /// Waits until `item` may begin, and returns since when it may, which is before the thread gets a
  /// core when there are more threads than cores. Throws Aborted.
  std::int64_t wait_for(const Item& item) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] {
      return aborted_ || (stages_[static_cast<std::size_t>(item.micro_batch)] >= item.needs &&
                          (item.turn < 0 || turn_ == item.turn));
    });
    if (aborted_) throw Aborted();
    const std::int64_t reached = reached_[static_cast<std::size_t>(item.micro_batch)];
    return item.turn < 0 ? reached : std::max(reached, turned_);
  }
  /// Its micro-batch has reached the item's stage; others may go on though the item is not done.
  void reached(const Item& item) {
    {
      std::lock_guard lock(mutex_);
      stages_[static_cast<std::size_t>(item.micro_batch)] = item.reaches;
      reached_[static_cast<std::size_t>(item.micro_batch)] = steady_now();
    }
    wake_.notify_all();
  }
  /// The item is done: the next turn of a serial step may begin.
  void done(const Item& item) {
    if (item.turn < 0) return;
    {
      std::lock_guard lock(mutex_);
      turn_ = item.turn + 1;
      turned_ = steady_now();
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
  std::array<std::int64_t, kMaxMicroBatches> reached_{};  ///< when, ns of the steady clock
  std::int64_t turned_ = 0;                               ///< when the turn began
  int turn_ = 0;
  bool aborted_ = false;
};

}  // namespace moescope::runtime
