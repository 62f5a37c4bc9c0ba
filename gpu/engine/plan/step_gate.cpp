#include "gpu/engine/plan/step_gate.h"

namespace moescope::runtime {

void StepGate::pass(UnitKind unit, std::uint32_t steps, bool idle) {
  const auto u = static_cast<std::size_t>(unit);
  std::unique_lock lock(mutex_);
  if (steps_[u] != steps || !idle) ++begun_;
  steps_[u] = steps;
  if (closed_ && (idle || steps >= close_at_[u])) {
    parked_[u] = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !closed_; });
    parked_[u] = false;
  }
  lock.unlock();
  changed_.notify_all();
}

void StepGate::leave(UnitKind unit) {
  {
    std::lock_guard lock(mutex_);
    left_[static_cast<std::size_t>(unit)] = true;
  }
  changed_.notify_all();
}

bool StepGate::close(Seconds timeout, Steps& at) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  for (std::size_t u = 0; u < 2; ++u) close_at_[u] = steps_[u] + 1;
  const auto over = [&] { return standing() || left_[0] || left_[1]; };
  changed_.wait_for(lock, timeout, over);
  if (standing()) {
    at = steps_;
    return true;
  }
  closed_ = false;
  lock.unlock();
  changed_.notify_all();
  return false;
}

void StepGate::open() {
  {
    std::lock_guard lock(mutex_);
    closed_ = false;
  }
  changed_.notify_all();
}

void StepGate::wait_for_step(Seconds timeout) {
  std::unique_lock lock(mutex_);
  const auto seen = begun_;
  changed_.wait_for(lock, timeout, [&] { return begun_ != seen || left_[0] || left_[1]; });
}

}  // namespace moescope::runtime
