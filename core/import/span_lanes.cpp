#include "core/import/span_lanes.h"

#include "core/sort_runs.h"

namespace moescope {

SpanLanes::Lane SpanLanes::add_lane(Track track) {
  lanes_.push_back({std::move(track), {}});
  return lanes_.size() - 1;
}

void SpanLanes::add(Lane lane, const Span& span, std::string_view args) {
  lanes_[lane].spans.push_back({span, args_.size(), args.size()});
  args_ += args;
  last_ = spans_ > 0 ? std::max(last_, span.end()) : span.end();
  first_ = spans_ > 0 ? std::min(first_, span.start) : span.start;
  ++spans_;
}

void SpanLanes::append_to(TraceSink& sink, TimeNs origin, bool keep_args, Progress& progress) {
  std::size_t done = 0;
  for (auto& lane : lanes_) {
    progress.report(static_cast<double>(done++) / static_cast<double>(lanes_.size()),
                    "building tracks");
    if (!lane.spans.empty()) append_lane(lane, sink, origin, keep_args, progress);
  }
}

void SpanLanes::append_lane(Content& content, TraceSink& sink, TimeNs origin, bool keep_args,
                            Progress& progress) const {
  sort_runs(content.spans, [](const Placed& a, const Placed& b) {
    return a.span.start != b.span.start ? a.span.start < b.span.start
                                        : a.span.duration > b.span.duration;
  });
  const TrackId track = sink.add_track(content.track);
  const auto spans = std::move(content.spans);
  for (std::size_t begin = 0; begin < spans.size(); begin += kChunkSpans) {
    progress.check();
    SpanBatch batch;
    if (keep_args) batch.args_offsets.push_back(0);
    for (std::size_t i = begin; i < std::min(spans.size(), begin + kChunkSpans); ++i) {
      const Placed& placed = spans[i];
      Span span = placed.span;
      span.start -= origin;
      batch.columns.push_back(span);
      if (!keep_args) continue;
      batch.args_text.append(args_, placed.args_begin, placed.args_size);
      batch.args_offsets.push_back(static_cast<std::uint32_t>(batch.args_text.size()));
    }
    batch.columns.depth.clear();  // the sink finds it
    sink.append(track, std::move(batch));
  }
}

}  // namespace moescope
