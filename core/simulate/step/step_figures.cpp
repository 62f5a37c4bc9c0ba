#include "core/simulate/step/step_figures.h"

#include <algorithm>

#include "core/analysis/overlap/device_work.h"

namespace moescope {

void StepFigures::Spans::add(TimeRange time) {
  if (count++ > 0 && last.begin <= time.begin && time.begin <= last.end) {
    last.end = std::max(last.end, time.end);
    return;
  }
  if (count > 1) before.push_back(last);
  last = time;
}

IntervalSet StepFigures::Spans::united() const {
  std::vector<TimeRange> all;
  all.reserve(before.size() + 1);
  all = before;
  all.push_back(last);
  return IntervalSet::union_of(std::move(all));
}

void StepFigures::add(const StageSpan& span) {
  auto& work = work_[static_cast<std::size_t>(span.gpu)];
  const TimeRange time{span.begin, span.end};
  (is_communication(span.stage) ? work.comm : work.compute).add(time);
  if (span.stage == Stage::DispatchWait || span.stage == Stage::CombineWait) work.wait.add(time);
}

OverlapFigures StepFigures::of(int gpu) const {
  const auto& work = work_[static_cast<std::size_t>(gpu)];
  DeviceActivity activity;
  activity.comm = work.comm.united();
  activity.compute = work.compute.united();
  activity.wait = work.wait.united();
  OverlapFigures figures;
  figures.comm_events = work.comm.count;
  figures.compute_events = work.compute.count;
  const auto all = activity.comm.unite(activity.compute);
  if (!all.empty()) figures.span = all.intervals().back().end - all.intervals().front().begin;
  measure(activity, figures);
  return figures;
}

OverlapFigures StepFigures::total() const {
  OverlapFigures sum;
  for (int g = 0; g < static_cast<int>(work_.size()); ++g) {
    const auto f = of(g);
    sum.comm_events += f.comm_events;
    sum.compute_events += f.compute_events;
    sum.span += f.span;
    sum.busy += f.busy;
    sum.idle += f.idle;
    sum.compute += f.compute;
    sum.comm += f.comm;
    sum.overlap += f.overlap;
    sum.exposed += f.exposed;
    sum.wait += f.wait;
  }
  return sum;
}

}  // namespace moescope
