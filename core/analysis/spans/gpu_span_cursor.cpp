#include "core/analysis/spans/gpu_span_cursor.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace moescope {

std::optional<TimeRange> cut_to(TimeRange span, std::optional<TimeRange> window) {
  if (!window) return span;
  const bool starts_there = span.empty() && span.begin == window->begin;
  if (span.begin >= window->end || (span.end <= window->begin && !starts_there))
    return std::nullopt;
  return TimeRange{std::max(span.begin, window->begin), std::min(span.end, window->end)};
}

GpuSpanCursor::GpuSpanCursor(const Trace& trace, const std::vector<TrackId>& tracks,
                             std::optional<TimeRange> window, const Progress& progress)
    : trace_(trace), window_(window), progress_(progress) {
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    Head head;
    head.order = i;
    head.track = tracks[i];
    if (advance(head)) heads_.push_back(std::move(head));
  }
  std::make_heap(heads_.begin(), heads_.end(), later);
}

bool GpuSpanCursor::later(const Head& a, const Head& b) {
  return std::tie(a.span.begin, a.order) > std::tie(b.span.begin, b.order);
}

bool GpuSpanCursor::next() {
  if (!std::exchange(started_, true)) return !heads_.empty();
  if (heads_.empty()) return false;
  std::pop_heap(heads_.begin(), heads_.end(), later);
  if (advance(heads_.back()))
    std::push_heap(heads_.begin(), heads_.end(), later);
  else
    heads_.pop_back();
  return !heads_.empty();
}

bool GpuSpanCursor::advance(Head& head) const {
  const auto& infos = trace_.chunk_infos(head.track);
  for (;;) {
    if (!head.chunk) {
      while (window_ && head.next_chunk < infos.size() &&
             infos[head.next_chunk].last_end < window_->begin)
        ++head.next_chunk;
      if (head.next_chunk >= infos.size() ||
          (window_ && infos[head.next_chunk].first_start >= window_->end))
        return false;
      progress_.check();
      head.chunk = trace_.chunk(head.track, head.next_chunk++);
      head.row = 0;
    } else {
      ++head.row;
    }
    const SpanColumns& c = head.chunk->columns();
    for (; head.row < c.size(); ++head.row) {
      if (!is_gpu_work(c.kind[head.row])) continue;
      const TimeNs start = c.start[head.row];
      const auto span = cut_to({start, start + c.duration[head.row]}, window_);
      if (!span) continue;
      head.span = *span;
      return true;
    }
    head.chunk.reset();
  }
}

}  // namespace moescope
