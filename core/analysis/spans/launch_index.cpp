#include "core/analysis/spans/launch_index.h"

#include <algorithm>
#include <tuple>

namespace moescope {
namespace {

std::uint64_t join_key(ProcessId process, std::uint32_t correlation) {
  return (std::uint64_t{process} << 32) | correlation;
}

}  // namespace

LaunchIndex::LaunchIndex(const Trace& trace, Progress& progress) {
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    progress.report(static_cast<double>(track) / static_cast<double>(trace.tracks().size()),
                    "joining launches");
    const ProcessId process = trace.tracks()[track].process;
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t first) {
      progress.check();
      const auto& c = chunk.columns();
      for (std::size_t row = 0; row < c.size(); ++row) {
        const bool gpu = is_gpu_work(c.kind[row]);
        if (c.correlation[row] == 0 || (!gpu && c.kind[row] != SpanKind::Runtime)) continue;
        spans_.push_back({join_key(process, c.correlation[row]), c.start[row],
                          c.start[row] + c.duration[row],
                          SpanRef{track, first + static_cast<std::uint32_t>(row)}, gpu});
      }
      return true;
    });
  }
  std::sort(spans_.begin(), spans_.end(), [](const JoinedSpan& a, const JoinedSpan& b) {
    return std::tie(a.key, a.gpu, a.start, a.ref) < std::tie(b.key, b.gpu, b.start, b.ref);
  });
}

std::span<const JoinedSpan> LaunchIndex::find(ProcessId process, std::uint32_t correlation,
                                              bool gpu) const {
  if (correlation == 0) return {};
  const auto wanted = std::pair(join_key(process, correlation), gpu);
  const auto side = [](const JoinedSpan& s) { return std::pair(s.key, s.gpu); };
  const auto first = std::partition_point(spans_.begin(), spans_.end(),
                                          [&](const JoinedSpan& s) { return side(s) < wanted; });
  const auto last = std::partition_point(first, spans_.end(),
                                         [&](const JoinedSpan& s) { return side(s) == wanted; });
  return {first, last};
}

std::span<const JoinedSpan> LaunchIndex::work(ProcessId process, std::uint32_t correlation) const {
  return find(process, correlation, true);
}
std::span<const JoinedSpan> LaunchIndex::calls(ProcessId process, std::uint32_t correlation) const {
  return find(process, correlation, false);
}

}  // namespace moescope
