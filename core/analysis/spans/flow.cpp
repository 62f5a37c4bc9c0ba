#include "core/analysis/spans/flow.h"

#include <algorithm>

#include "core/analysis/spans/collective.h"

namespace moescope {
namespace {

std::string key_of(const CollectiveId& id) {
  return id.group + "#" + std::to_string(id.sequence);
}

}  // namespace

const char* to_string(PeerMethod method) {
  switch (method) {
    case PeerMethod::None:
      return "";
    case PeerMethod::Sequence:
      return "matched by process group and sequence number";
    case PeerMethod::Order:
      return "matched by order only: the trace names no process group and sequence";
  }
  return "";
}

FlowIndex::FlowIndex(const Trace& trace, const Classification& classes, Progress& progress)
    : launches_(trace, progress) {
  const std::size_t processes = trace.processes().size();
  const auto add = [&](Occurrences& occurrences, ProcessId process, TimeNs start, SpanRef ref) {
    occurrences.resize(processes);
    if (process < processes) occurrences[process].emplace_back(start, ref);
  };
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    progress.report(static_cast<double>(track) / static_cast<double>(trace.tracks().size()),
                    "matching collectives");
    if (trace.tracks()[track].type != TrackType::DeviceStream) continue;
    const ProcessId process = trace.tracks()[track].process;
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t first) {
      progress.check();
      const auto& c = chunk.columns();
      std::vector<std::string> args;
      bool args_read = false;
      for (std::size_t row = 0; row < c.size(); ++row) {
        if (classes.role(c.kind[row], c.name[row]) != Role::Communication) continue;
        if (!args_read) args = chunk.args().rows();
        args_read = true;
        const auto id = row < args.size() ? collective_id(trace.strings()[c.name[row]], args[row])
                                          : std::nullopt;
        add(id ? by_sequence_[key_of(*id)] : by_name_[c.name[row]], process, c.start[row],
            {track, first + static_cast<std::uint32_t>(row)});
      }
      return true;
    });
  }
  for (auto& [key, occurrences] : by_name_)
    for (auto& list : occurrences) std::sort(list.begin(), list.end());
  for (auto& [key, occurrences] : by_sequence_)
    for (auto& list : occurrences) std::sort(list.begin(), list.end());
}

std::vector<SpanRef> FlowIndex::partners(const Trace& trace, SpanRef ref) const {
  const Span span = trace.span(ref);
  const ProcessId process = trace.tracks().at(ref.track).process;
  std::span<const JoinedSpan> found;
  if (is_gpu_work(span.kind))
    found = launches_.calls(process, span.correlation);
  else if (span.kind == SpanKind::Runtime)
    found = launches_.work(process, span.correlation);
  std::vector<SpanRef> partners;
  partners.reserve(found.size());
  for (const auto& partner : found) partners.push_back(partner.ref);
  return partners;
}

Peers FlowIndex::find_peers(const Trace& trace, SpanRef ref) const {
  const Span span = trace.span(ref);
  if (span.kind != SpanKind::Kernel) return {};
  const auto id = collective_id(trace.strings()[span.name], trace.args(ref));
  const Occurrences* lists = nullptr;
  if (id) {
    const auto found = by_sequence_.find(key_of(*id));
    if (found != by_sequence_.end()) lists = &found->second;
  } else if (const auto found = by_name_.find(span.name); found != by_name_.end()) {
    lists = &found->second;
  }
  if (lists == nullptr) return {};
  const ProcessId own = trace.tracks().at(ref.track).process;
  const auto& mine = lists->at(own);
  const auto it = std::lower_bound(mine.begin(), mine.end(), std::pair(span.start, ref));
  if (it == mine.end() || it->second != ref) return {};
  const auto position = static_cast<std::size_t>(it - mine.begin());
  Peers peers;
  for (std::size_t process = 0; process < lists->size(); ++process) {
    const auto& list = (*lists)[process];
    if (process == own || list.empty()) continue;
    // Processes that run another part of the model, as prefill beside decode, take no part.
    if (!id && trace.processes()[process].name != trace.processes()[own].name) continue;
    if (!id && list.size() != mine.size()) return {};
    if (position < list.size()) peers.spans.push_back(list[position].second);
  }
  if (!peers.spans.empty()) peers.method = id ? PeerMethod::Sequence : PeerMethod::Order;
  return peers;
}

}  // namespace moescope
