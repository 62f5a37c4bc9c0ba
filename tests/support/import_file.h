// Imports a file as opening does, by its content.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/import/open.h"

namespace moescope::test {

inline TracePtr open_file(const std::filesystem::path& path, ImportOptions options = {}) {
  Progress progress;
  return open_trace({path}, options, progress);
}

/// A span with its names as text, for comparisons.
struct NamedSpan {
  std::string track, name;
  TimeNs start = 0, duration = 0;
  SpanKind kind = SpanKind::Other;
  nlohmann::json args;
};

/// All spans, track by track.
inline std::vector<NamedSpan> named_spans(const Trace& trace) {
  std::vector<NamedSpan> spans;
  for (TrackId t = 0; t < trace.tracks().size(); ++t)
    trace.visit_chunks(t, [&](const SpanChunk& chunk, std::uint32_t) {
      const auto args = chunk.args().rows();
      for (std::size_t i = 0; i < chunk.columns().size(); ++i) {
        const Span span = chunk.columns().at(i);
        const bool has_args = i < args.size() && !args[i].empty();
        spans.push_back({trace.tracks()[t].name, std::string(trace.strings()[span.name]),
                         span.start, span.duration, span.kind,
                         has_args ? nlohmann::json::parse(args[i]) : nlohmann::json()});
      }
      return true;
    });
  return spans;
}

}  // namespace moescope::test
