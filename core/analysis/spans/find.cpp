#include "core/analysis/spans/find.h"

#include <re2/re2.h>

#include <algorithm>

#include "core/error.h"

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
      limited_ = true;
      if (limit_ == 0 || earlier(hits_.front(), hit)) return;
      std::pop_heap(hits_.begin(), hits_.end(), earlier);
      hits_.pop_back();
    }
    hits_.push_back(hit);
    std::push_heap(hits_.begin(), hits_.end(), earlier);
  }
  /// No hit from `start` on can matter any more.
  bool all_before(TimeNs start) const {
    return limited_ && (limit_ == 0 || hits_.front().span.start < start);
  }
  bool limited() const { return limited_; }
  std::vector<FoundSpan> sorted() {
    std::sort_heap(hits_.begin(), hits_.end(), earlier);
    return std::move(hits_);
  }

 private:
  std::size_t limit_;
  bool limited_ = false;
  std::vector<FoundSpan> hits_;  ///< a heap with the latest hit in front
};

}  // namespace

FindResult find_spans(const Trace& trace, const FindQuery& query, Progress& progress) {
  FindResult result;
  if (query.text.empty()) return result;
  const auto matches = matching_names(trace, query);
  EarliestHits found(query.limit);
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    progress.report(static_cast<double>(track) / static_cast<double>(trace.tracks().size()),
                    "searching");
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t first) {
      progress.check();
      const auto& c = chunk.columns();
      for (std::size_t row = 0; row < c.size(); ++row) {
        if (found.all_before(c.start[row])) return false;
        if (c.name[row] < matches.size() && matches[c.name[row]] != 0)
          found.add({SpanRef{track, first + static_cast<std::uint32_t>(row)}, c.at(row)});
      }
      return true;
    });
  }
  result.limited = found.limited();
  result.hits = found.sorted();
  return result;
}

}  // namespace moescope
