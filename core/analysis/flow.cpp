#include "core/analysis/flow.h"

#include <algorithm>

namespace moescope {
namespace {
std::uint64_t join_key(ProcessId process, std::uint32_t correlation) {
  return (std::uint64_t{process} << 32) | correlation;
}
}  // namespace

FlowIndex::FlowIndex(const Trace& trace, const Classification& classes, Progress& progress) {
  const std::size_t processes = trace.processes().size();
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    progress.report(static_cast<double>(track) / static_cast<double>(trace.tracks().size()),
                    "joining launches");
    const ProcessId process = trace.tracks()[track].process;
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t first) {
      progress.check();
      const auto& c = chunk.columns();
      for (std::size_t row = 0; row < c.size(); ++row) {
        const SpanRef ref{track, first + static_cast<std::uint32_t>(row)};
        const bool gpu = is_gpu_work(c.kind[row]);
        if (c.correlation[row] != 0 && (gpu || c.kind[row] == SpanKind::Runtime)) {
          auto& join = joins_[join_key(process, c.correlation[row])];
          (gpu ? join.work : join.calls).push_back(ref);
        }
        if (gpu && classes.role(c.kind[row], c.name[row]) == Role::Communication) {
          auto& by_process = collectives_[c.name[row]].by_process;
          by_process.resize(processes);
          if (process < processes) by_process[process].emplace_back(c.start[row], ref);
        }
      }
      return true;
    });
  }
  for (auto& [name, occurrences] : collectives_)
    for (auto& list : occurrences.by_process) std::sort(list.begin(), list.end());
}

std::vector<SpanRef> FlowIndex::partners(const Trace& trace, SpanRef ref) const {
  const Span span = trace.span(ref);
  if (span.correlation == 0) return {};
  const auto found = joins_.find(join_key(trace.tracks().at(ref.track).process, span.correlation));
  if (found == joins_.end()) return {};
  auto partners = is_gpu_work(span.kind) ? found->second.calls : found->second.work;
  if (!is_gpu_work(span.kind) && span.kind != SpanKind::Runtime) return {};
  std::sort(partners.begin(), partners.end(),
            [&](SpanRef a, SpanRef b) { return trace.span(a).start < trace.span(b).start; });
  return partners;
}

std::vector<SpanRef> FlowIndex::peers(const Trace& trace, SpanRef ref) const {
  const Span span = trace.span(ref);
  const auto found = collectives_.find(span.name);
  if (found == collectives_.end()) return {};
  const auto& lists = found->second.by_process;
  const ProcessId own = trace.tracks().at(ref.track).process;
  const auto& mine = lists.at(own);
  const auto position =
      std::find(mine.begin(), mine.end(), std::pair(span.start, ref)) - mine.begin();
  if (static_cast<std::size_t>(position) == mine.size()) return {};
  std::vector<SpanRef> peers;
  for (std::size_t process = 0; process < lists.size(); ++process) {
    if (process == own || lists[process].empty()) continue;
    if (lists[process].size() != mine.size()) return {};
    peers.push_back(lists[process][static_cast<std::size_t>(position)].second);
  }
  return peers;
}

}  // namespace moescope
