// Spans in any order on lanes, for importers of files that are not sorted by time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"
#include "core/trace/sink.h"

namespace moescope {

/// Times that importers accept: differences of two never overflow.
inline constexpr TimeNs kMaxImportTime = TimeNs{1} << 61;
inline bool is_import_time(std::int64_t t) {
  return t >= -kMaxImportTime && t <= kMaxImportTime;
}

/// Collects spans, then hands them to a sink, each lane as a track in order of time.
class SpanLanes {
 public:
  using Lane = std::size_t;

  /// A new lane. Lanes without spans do not become tracks.
  Lane add_lane(Track track);
  std::size_t lane_count() const { return lanes_.size(); }
  Track& track(Lane lane) { return lanes_[lane].track; }
  /// @param args JSON object text, or empty @pre the times are valid, the duration not negative
  void add(Lane lane, const Span& span, std::string_view args);
  std::size_t span_count() const { return spans_; }
  bool empty(Lane lane) const { return lanes_[lane].spans.empty(); }
  /// Start of the first span of all.
  std::optional<TimeNs> first_start() const {
    return spans_ > 0 ? std::optional(first_) : std::nullopt;
  }
  /// End of the last span of all; 0 without any.
  TimeNs last_end() const { return last_; }

  /// Adds the tracks and appends their spans, with times from `origin`. Throws Cancelled.
  void append_to(TraceSink& sink, TimeNs origin, bool keep_args, Progress& progress);

 private:
  struct Placed {
    Span span;
    std::size_t args_begin = 0, args_size = 0;
  };
  struct Content {
    Track track;
    std::vector<Placed> spans;
  };
  void append_lane(Content& content, TraceSink& sink, TimeNs origin, bool keep_args,
                   Progress& progress) const;

  std::vector<Content> lanes_;
  std::string args_;
  std::size_t spans_ = 0;
  TimeNs first_ = 0, last_ = 0;
};

}  // namespace moescope
