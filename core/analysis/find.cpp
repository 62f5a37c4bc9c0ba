#include "core/analysis/find.h"

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
  std::vector<char> matches(strings.size());
  for (StringId id = 0; id < matches.size(); ++id) {
    const std::string_view name = strings[id];
    matches[id] = RE2::PartialMatch(re2::StringPiece(name.data(), name.size()), expression) ? 1 : 0;
  }
  return matches;
}

}  // namespace

FindResult find_spans(const Trace& trace, const FindQuery& query, Progress& progress) {
  FindResult result;
  if (query.text.empty()) return result;
  const auto matches = matching_names(trace, query);
  std::vector<std::pair<TimeNs, SpanRef>> found;
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    progress.report(static_cast<double>(track) / static_cast<double>(trace.tracks().size()),
                    "searching");
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t first) {
      progress.check();
      const auto& c = chunk.columns();
      for (std::size_t row = 0; row < c.size(); ++row)
        if (c.name[row] < matches.size() && matches[c.name[row]] != 0)
          found.emplace_back(c.start[row], SpanRef{track, first + static_cast<std::uint32_t>(row)});
      return true;
    });
  }
  std::sort(found.begin(), found.end());
  result.limited = found.size() > query.limit;
  if (result.limited) found.resize(query.limit);
  result.hits.reserve(found.size());
  for (const auto& [start, ref] : found) result.hits.push_back(ref);
  return result;
}

}  // namespace moescope
