#include "core/analysis/spans/find.h"

#include <re2/re2.h>

#include <algorithm>
#include <bit>

#include "core/error.h"
#include "core/trace/summary.h"

namespace moescope {
namespace {

/// Whether each name of the trace matches, by StringId: names repeat, spans do not need matching.
std::vector<char> matching_names(const Trace& trace, const FindQuery& query) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(query.case_sensitive);
  options.set_literal(!query.regex);
  const RE2 expression(query.text, options);
  if (!expression.ok())
    throw Error("find", "", "the expression is not valid: " + expression.error());
  const auto& strings = trace.strings();
  strings.load_all();
  std::vector<char> matches(strings.size());
  for (StringId id = 0; id < matches.size(); ++id) {
    const std::string_view name = strings[id];
    matches[id] = RE2::PartialMatch(re2::StringPiece(name.data(), name.size()), expression) ? 1 : 0;
  }
  return matches;
}

bool earlier(const FoundSpan& a, const FoundSpan& b) {
  return std::pair(a.span.start, a.ref) < std::pair(b.span.start, b.ref);
}

/// The first `limit` hits in order of time, whatever order they come in.
class EarliestHits {
 public:
  explicit EarliestHits(std::size_t limit) : limit_(limit) {}

  void add(const FoundSpan& hit) {
    if (hits_.size() == limit_) {
      if (limit_ == 0 || earlier(hits_.front(), hit)) return;
      std::pop_heap(hits_.begin(), hits_.end(), earlier);
      hits_.pop_back();
    }
    hits_.push_back(hit);
    std::push_heap(hits_.begin(), hits_.end(), earlier);
  }
  std::vector<FoundSpan> sorted() {
    std::sort_heap(hits_.begin(), hits_.end(), earlier);
    return std::move(hits_);
  }

 private:
  std::size_t limit_;
  std::vector<FoundSpan> hits_;  ///< a heap with the latest hit in front
};

/// The marks of one track, by depth.
class TrackMarks {
 public:
  TrackMarks(const Trace& trace, TrackId track) {
    const std::uint64_t stretches =
        std::max(kMinSummaryBuckets, trace.span_count(track) / kSpansPerFinestBucket);
    const auto length = static_cast<std::uint64_t>(std::max<TimeNs>(trace.range().end, 1));
    shift_ = static_cast<int>(std::bit_width(length / stretches));
    if (shift_ > 0) --shift_;  // at most as long as a bucket
  }
  void add(int depth, const HitMark& mark) {
    const auto at = static_cast<std::size_t>(depth);
    if (marks_.size() <= at) marks_.resize(at + 1);
    auto& lane = marks_[at];
    if (lane.empty() || lane.back().start >> shift_ != mark.start >> shift_) lane.push_back(mark);
  }
  std::vector<std::vector<HitMark>> take() { return std::move(marks_); }

 private:
  int shift_;  ///< stretches are 2^shift ns long
  std::vector<std::vector<HitMark>> marks_;
};

}  // namespace

const std::vector<HitMark>& HitMap::lane(TrackId track, int depth) const {
  static const std::vector<HitMark> none;
  const auto at = static_cast<std::size_t>(depth);
  return depth >= 0 && track < lanes_.size() && at < lanes_[track].size() ? lanes_[track][at]
                                                                          : none;
}

FindResult find_spans(const Trace& trace, const FindQuery& query, Progress& progress) {
  FindResult result;
  if (query.text.empty()) return result;
  auto matches = matching_names(trace, query);
  EarliestHits found(query.limit);
  std::vector<std::vector<std::vector<HitMark>>> lanes(trace.tracks().size());
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    progress.report(static_cast<double>(track) / static_cast<double>(trace.tracks().size()),
                    "searching");
    TrackMarks marks(trace, track);
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t first) {
      progress.check();
      const auto& c = chunk.columns();
      for (std::size_t row = 0; row < c.size(); ++row) {
        if (c.name[row] >= matches.size() || matches[c.name[row]] == 0) continue;
        ++result.total;
        marks.add(c.depth[row], {c.start[row], c.name[row], c.kind[row]});
        found.add({SpanRef{track, first + static_cast<std::uint32_t>(row)}, c.at(row)});
      }
      return true;
    });
    lanes[track] = marks.take();
  }
  result.hits = found.sorted();
  if (result.total > 0)
    result.map = std::make_shared<const HitMap>(std::move(matches), std::move(lanes));
  return result;
}

}  // namespace moescope
