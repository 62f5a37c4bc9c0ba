// Finding spans by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

struct FindQuery {
  std::string text;
  bool regex = false;  ///< RE2 syntax instead of plain text
  bool case_sensitive = false;
  std::size_t limit = 100000;  ///< hits at most
};

/// A span and where it is.
struct FoundSpan {
  SpanRef ref;
  Span span;
};

/// A hit as a mark on a lane.
struct HitMark {
  TimeNs start = 0;
  StringId name = 0;
  SpanKind kind = SpanKind::Other;
};

/// What a search found, for pictures: names, and marks so close that a picture made of summaries
/// misses no hit. Immutable.
class HitMap {
 public:
  /// @param names [StringId] 1: matches @param lanes [track][depth], each ascending by start
  HitMap(std::vector<char> names, std::vector<std::vector<std::vector<HitMark>>> lanes)
      : names_(std::move(names)), lanes_(std::move(lanes)) {}
  /// Of a name that came after the search: false.
  bool matches(StringId name) const { return name < names_.size() && names_[name] != 0; }
  /// At least one mark per stretch that has hits, of the length of a bucket of the track's finest
  /// summary (core/trace/summary.h).
  const std::vector<HitMark>& lane(TrackId track, int depth) const;

 private:
  std::vector<char> names_;
  std::vector<std::vector<std::vector<HitMark>>> lanes_;
};
using HitMapPtr = std::shared_ptr<const HitMap>;

struct FindResult {
  std::vector<FoundSpan> hits;  ///< the first of them in order of start time, then track
  std::uint64_t total = 0;      ///< all hits: more than `limit` are counted, not listed
  HitMapPtr map;                ///< of all hits; null when there are none
  bool limited() const { return total > hits.size(); }
};

/// Spans whose name contains or matches the query. An empty text finds nothing. Throws Error when
/// the expression is not valid, Cancelled.
FindResult find_spans(const Trace& trace, const FindQuery& query, Progress& progress);

}  // namespace moescope
