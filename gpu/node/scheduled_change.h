// A plan change at a set time of a run, so that one can be recorded without an operator.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "gpu/engine/plan/control.h"

namespace moescope::runtime {

/// Proposes `plan` on the epoch in force `seconds` after its construction.
class ScheduledChange {
 public:
  ScheduledChange(Control& control, Plan plan, double seconds, PlanOptions options);
  /// Proposes no more when the time has not come.
  ~ScheduledChange();
  ScheduledChange(const ScheduledChange&) = delete;
  ScheduledChange& operator=(const ScheduledChange&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace moescope::runtime
