#include "gpu/record/detail.h"

#include <algorithm>

#include "core/analysis/spans/intervals.h"

namespace moescope::runtime {
namespace {

enum class Work : std::uint8_t { Compute, Communication, None };

/// Classes as by the built-in rules of core/analysis/spans/classify. Copies beside the steps count
/// as neither.
Work work_of(SpanName name) {
  switch (name) {
    case SpanName::Attention:
    case SpanName::Dense:
    case SpanName::Gate:
    case SpanName::SharedExpert:
    case SpanName::Experts:
    case SpanName::Head:
      return Work::Compute;
    case SpanName::AllGather:
    case SpanName::AllGatherWait:
    case SpanName::ReduceScatter:
    case SpanName::ReduceScatterWait:
    case SpanName::Dispatch:
    case SpanName::DispatchForward:
    case SpanName::DispatchWait:
    case SpanName::Combine:
    case SpanName::CombineReduce:
    case SpanName::CombineWait:
    case SpanName::DispatchPlan:
      return Work::Communication;
    case SpanName::KvHandOver:
    case SpanName::PlanCopy:
    case SpanName::Layer:
      return Work::None;
  }
  return Work::None;
}

IntervalSet union_of(const std::vector<std::pair<std::int64_t, std::int64_t>>& ranges) {
  std::vector<TimeRange> intervals;
  for (const auto& [begin, end] : ranges) intervals.push_back({begin, end});
  return IntervalSet::union_of(std::move(intervals));
}

}  // namespace

Detail DetailGovernor::update(double fullness, std::int64_t now) {
  if (fullness > kHigh) detail_ = Detail::Steps;
  if (fullness >= kLow)
    calm_since_ = -1;
  else if (calm_since_ < 0)
    calm_since_ = now;
  if (calm_since_ >= 0 && now - calm_since_ >= kCalm) detail_ = Detail::Spans;
  return detail_;
}

void StepSums::add(const SpanRecord& span) {
  auto at = std::lower_bound(open_.begin(), open_.end(), span.step,
                             [](const Open& o, std::uint32_t step) { return o.sum.step < step; });
  if (at == open_.end() || at->sum.step != span.step) {
    at = open_.insert(at, Open{});
    at->sum.step = span.step;
    at->sum.begin = span.begin;
    at->sum.end = span.end;
  }
  StepSummary& sum = at->sum;
  sum.begin = std::min(sum.begin, span.begin);
  sum.end = std::max(sum.end, span.end);
  ++sum.spans;
  sum.nvlink_bytes += span.nvlink_bytes;
  sum.ib_bytes += span.ib_bytes;
  const Work work = work_of(span.name);
  if (work == Work::Compute) at->compute.emplace_back(span.begin, span.end);
  if (work == Work::Communication) at->communication.emplace_back(span.begin, span.end);
}

std::vector<StepSummary> StepSums::take(bool last) {
  std::vector<StepSummary> done;
  const std::size_t count = last || open_.empty() ? open_.size() : open_.size() - 1;
  for (std::size_t i = 0; i < count; ++i) {
    Open& open = open_[i];
    const IntervalSet compute = union_of(open.compute), comm = union_of(open.communication);
    open.sum.compute = compute.length();
    open.sum.communication = comm.length();
    open.sum.overlap = compute.intersect(comm).length();
    done.push_back(open.sum);
  }
  open_.erase(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(count));
  // Spans of one track are written in order of begin.
  std::sort(done.begin(), done.end(),
            [](const StepSummary& a, const StepSummary& b) { return a.begin < b.begin; });
  return done;
}

}  // namespace moescope::runtime
