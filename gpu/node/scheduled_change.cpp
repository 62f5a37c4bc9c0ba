#include "gpu/node/scheduled_change.h"

#include <chrono>

namespace moescope::runtime {

ScheduledChange::ScheduledChange(Control& control, Plan plan, double seconds, PlanOptions options)
    : thread_([this, &control, plan = std::move(plan), seconds, options = std::move(options)] {
        std::unique_lock lock(mutex_);
        if (wake_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return stopping_; }))
          return;
        control.propose_plan(plan, control.epoch(), options);
      }) {}

ScheduledChange::~ScheduledChange() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

}  // namespace moescope::runtime
