#include "views/timeline/measure.h"

namespace moescope {

void Measure::start() {
  *this = Measure();
  active_ = true;
}

void Measure::stop() {
  *this = Measure();
}

void Measure::moveTo(TimeNs time) {
  if (!active_ || fixed_ == 2) return;
  (fixed_ == 0 ? first_ : second_) = time;
}

void Measure::fix(TimeNs time) {
  if (!active_) return;
  if (fixed_ == 2) start();
  moveTo(time);
  ++fixed_;
}

std::optional<TimeNs> Measure::distance() const {
  if (!first_ || !second_) return std::nullopt;
  return *second_ - *first_;
}

}  // namespace moescope
