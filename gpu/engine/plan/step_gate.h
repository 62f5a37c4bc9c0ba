// A gate that stops both units between two steps for a plan change.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "gpu/engine/rank/schedule.h"

namespace moescope::runtime {

class StepGate {
 public:
  using Seconds = std::chrono::duration<double>;
  using Steps = std::array<std::uint32_t, 2>;  ///< by UnitKind

  /// A unit has done `steps` steps and would begin the next, or has nothing to do (`idle`). Waits
  /// here while the gate is closed for that step.
  void pass(UnitKind unit, std::uint32_t steps, bool idle);
  /// A unit runs no more steps.
  void leave(UnitKind unit);

  /// Stops each unit before the step after the one it may be in; an idle unit at once. Returns the
  /// steps before which they stand, false when they did not come in time (the gate is open again).
  bool close(Seconds timeout, Steps& at);
  void open();
  /// Waits until a unit has begun another step, at most `timeout`.
  void wait_for_step(Seconds timeout);

 private:
  bool standing() const { return parked_[0] && parked_[1]; }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  Steps steps_{}, close_at_{};
  std::array<bool, 2> parked_{}, left_{};
  std::uint64_t begun_ = 0;
};

}  // namespace moescope::runtime
