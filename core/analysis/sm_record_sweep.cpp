#include "core/analysis/sm_record_sweep.h"

#include <algorithm>
#include <limits>
#include <string>

namespace moescope {
namespace {

constexpr std::size_t kMarksBetweenChecks = 4096;
/// Moments kept: the last few thousand marks, more than live records are ever late.
constexpr std::size_t kMarksBetweenMoments = 256, kMoments = 24;

}  // namespace

SmRecordSweep::SmRecordSweep(SmAllocation device, std::size_t max_steps)
    : steps_(device.range, max_steps), max_steps_(max_steps) {
  now_.time = std::numeric_limits<TimeNs>::min();
  now_.open.resize(static_cast<std::size_t>(device.sm_count));
  now_.step.begin = device.range.begin;
  now_.totals = std::move(device);
  start_ = now_;
}

TimeNs SmRecordSweep::rewind(TimeNs time, TimeNs range_end) {
  // Marks were cut to the end of the range so far, and no moment lies after it.
  while (!kept_.empty() && kept_.back().time > time) kept_.pop_back();
  if (!steps_.extend(range_end)) kept_.clear();
  while (!kept_.empty() && !steps_.restore(kept_.back().steps)) kept_.pop_back();
  if (kept_.empty()) {
    now_ = start_;
    steps_ = SmSteps({now_.totals.range.begin, range_end}, max_steps_);
  } else {
    now_ = kept_.back();
  }
  now_.totals.range.end = range_end;
  return now_.time;
}

void SmRecordSweep::run(std::vector<SmMark> marks, const Progress& progress) {
  std::sort(marks.begin(), marks.end(),
            [](const SmMark& a, const SmMark& b) { return a.time < b.time; });
  std::size_t since = 0;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (i % kMarksBetweenChecks == 0) progress.check();
    close(now_, steps_, marks[i].time);
    const bool first_of_its_time = i > 0 && marks[i - 1].time < marks[i].time;
    if (++since > kMarksBetweenMoments && first_of_its_time) {
      keep(marks[i].time);
      since = 0;
    }
    take(marks[i]);
  }
}

SmAllocation SmRecordSweep::result() const {
  Moment end = now_;
  SmSteps steps = steps_;
  close(end, steps, end.totals.range.end);
  SmAllocation& result = end.totals;
  result.steps_cell = steps.cell();
  result.steps = steps.take();
  result.caveats = {
      "Recorded ids: an SM counts as communication while any communication block is on it."};
  if (end.unknown_kernel > 0)
    result.caveats.push_back(std::to_string(end.unknown_kernel) +
                             " records belong to no known kernel and count as other compute.");
  if (end.beyond_count > 0)
    result.caveats.push_back(std::to_string(end.beyond_count) + " records name an SM beyond the " +
                             std::to_string(result.sm_count) + " of the device and are left out.");
  return std::move(end.totals);
}

int SmRecordSweep::owner(const Blocks& blocks) {
  int best = -1;
  for (int c = 0; c < kSpanClassCount; ++c) {
    if (blocks[static_cast<std::size_t>(c)] == 0) continue;
    if (best < 0 || role_of(static_cast<SpanClass>(c)) == Role::Communication) best = c;
  }
  return best;
}

void SmRecordSweep::take(const SmMark& mark) {
  const bool begins = mark.delta > 0;
  if (mark.sm >= now_.open.size()) {
    now_.beyond_count += begins ? 1 : 0;
    return;
  }
  now_.unknown_kernel += begins && mark.unknown_kernel ? 1 : 0;
  Blocks& blocks = now_.open[mark.sm];
  count(owner(blocks), -1);
  blocks[static_cast<std::size_t>(mark.span_class)] += mark.delta;
  count(owner(blocks), 1);
}

void SmRecordSweep::count(int span_class, int delta) {
  if (span_class < 0) return;
  SmStep& step = now_.step;
  auto& held = step.by_class[static_cast<std::size_t>(span_class)];
  held = static_cast<std::uint16_t>(held + delta);
  const bool comm = role_of(static_cast<SpanClass>(span_class)) == Role::Communication;
  auto& side = comm ? step.comm : step.compute;
  side = static_cast<std::uint16_t>(side + delta);
}

void SmRecordSweep::close(Moment& at, SmSteps& steps, TimeNs until) {
  SmStep& step = at.step;
  const TimeNs length = until - step.begin;
  if (length <= 0) return;
  SmAllocation& totals = at.totals;
  totals.comm_sm_ns += step.comm * length;
  totals.compute_sm_ns += step.compute * length;
  totals.free_sm_ns += (totals.sm_count - step.comm - step.compute) * length;
  totals.time_at[{step.comm, step.compute}] += length;
  if (step.comm > 0 && step.compute > 0) totals.exact += length;
  steps.add(step, until);
  step.begin = until;
}

/// Now is a moment to go back to: everything before `time` is taken, nothing of it is.
void SmRecordSweep::keep(TimeNs time) {
  now_.time = time;
  now_.steps = steps_.point();
  kept_.push_back(now_);
  if (kept_.size() > kMoments) kept_.pop_front();
}

}  // namespace moescope
