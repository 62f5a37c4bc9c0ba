#include "core/analysis/sm/sm_record_sweep.h"

#include <algorithm>
#include <string>

namespace moescope {
namespace {

constexpr std::size_t kMarksBetweenChecks = 4096;
/// The moments kept reach over the last few thousand marks, more than live records are ever late.
constexpr std::size_t kMarksBetweenMoments = 256;

}  // namespace

SmRecordSweep::Moment SmRecordSweep::first(SmAllocation device) {
  Moment moment;
  moment.open.resize(static_cast<std::size_t>(device.sm_count));
  moment.step.begin = device.range.begin;
  moment.totals = std::move(device);
  return moment;
}

SmRecordSweep::SmRecordSweep(SmAllocation device, std::size_t max_steps, bool goes_back)
    : at_(first(std::move(device)), max_steps, goes_back) {}

TimeNs SmRecordSweep::rewind(TimeNs time, TimeNs range_end) {
  return at_.rewind(time, range_end);
}

void SmRecordSweep::run(std::vector<SmMark> marks, const Progress& progress) {
  std::sort(marks.begin(), marks.end(),
            [](const SmMark& a, const SmMark& b) { return a.time < b.time; });
  std::size_t since = 0;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (i % kMarksBetweenChecks == 0) progress.check();
    close(at_.now, at_.steps, marks[i].time);
    const bool first_of_its_time = i > 0 && marks[i - 1].time < marks[i].time;
    if (++since > kMarksBetweenMoments && first_of_its_time) {
      at_.keep(marks[i].time);
      since = 0;
    }
    take(marks[i]);
  }
}

SmAllocation SmRecordSweep::finish(Moment end, SmSteps steps) {
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
  if (mark.sm >= at_.now.open.size()) {
    at_.now.beyond_count += begins ? 1 : 0;
    return;
  }
  at_.now.unknown_kernel += begins && mark.unknown_kernel ? 1 : 0;
  Blocks& blocks = at_.now.open[mark.sm];
  count(owner(blocks), -1);
  blocks[static_cast<std::size_t>(mark.span_class)] += mark.delta;
  count(owner(blocks), 1);
}

void SmRecordSweep::count(int span_class, int delta) {
  if (span_class < 0) return;
  SmStep& step = at_.now.step;
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

}  // namespace moescope
