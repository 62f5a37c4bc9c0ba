#include "core/analysis/sm/sm_steps.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace moescope {

void SmSteps::add(const SmStep& step, TimeNs end) {
  if (cell_ > 0) {
    average(step, end);
    return;
  }
  push(step);
  end_ = end;
  if (steps_.size() > limit_) coarsen();
}

void SmSteps::push(const SmStep& step) {
  if (steps_.empty() || steps_.back().by_class != step.by_class) steps_.push_back(step);
}

bool SmSteps::restore(const Point& point) {
  if (point.cell != cell_) return false;
  steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(point.steps), steps_.end());
  end_ = point.end;
  cell_begin_ = point.cell_begin;
  filled_ = point.filled;
  sums_ = point.sums;
  return true;
}

bool SmSteps::extend(TimeNs end) {
  range_.end = end;
  return cell_ == 0 || cell_ == cell_length();
}

/// At most half of the limit as cells: whole cells that are equal still merge.
TimeNs SmSteps::cell_length() const {
  const auto cells = static_cast<TimeNs>(std::max<std::size_t>(limit_ / 2, 1));
  const TimeNs least = std::max<TimeNs>(range_.length() / cells + 1, 1);
  return static_cast<TimeNs>(std::bit_ceil(static_cast<std::uint64_t>(least)));
}

void SmSteps::coarsen() {
  cell_ = cell_length();
  const auto exact = std::exchange(steps_, {});
  cell_begin_ = exact.front().begin;
  for (std::size_t i = 0; i < exact.size(); ++i)
    average(exact[i], i + 1 < exact.size() ? exact[i + 1].begin : end_);
}

void SmSteps::average(const SmStep& step, TimeNs end) {
  for (TimeNs at = step.begin; at < end;) {
    const TimeNs until = std::min(end, cell_begin_ + cell_);
    for (std::size_t c = 0; c < sums_.size(); ++c) sums_[c] += step.by_class[c] * (until - at);
    filled_ += until - at;
    at = until;
    if (filled_ == cell_) close_cell();
  }
}

void SmSteps::close_cell() {
  SmStep mean{cell_begin_, 0, 0, {}};
  for (std::size_t c = 0; c < sums_.size(); ++c) {
    mean.by_class[c] = static_cast<std::uint16_t>((sums_[c] + filled_ / 2) / filled_);
    const Role role = role_of(static_cast<SpanClass>(c));
    auto& side = role == Role::Communication ? mean.comm : mean.compute;
    side = static_cast<std::uint16_t>(side + mean.by_class[c]);
  }
  push(mean);
  cell_begin_ += filled_;
  filled_ = 0;
  sums_ = {};
}

std::vector<SmStep> SmSteps::take() {
  if (filled_ > 0) close_cell();
  return std::move(steps_);
}

}  // namespace moescope
