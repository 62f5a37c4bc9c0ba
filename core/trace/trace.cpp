#include "core/trace/trace.h"

#include <algorithm>
#include <stdexcept>

#include "core/trace/find_device.h"

namespace moescope {

Trace::Trace(TraceParts parts) : parts_(std::move(parts)), summaries_(parts_.tracks.size()) {
  bool first = true;
  for (const auto& chunks : parts_.chunk_infos) {
    for (const auto& chunk : chunks) {
      span_count_ += chunk.count;
      range_.begin = first ? chunk.first_start : std::min(range_.begin, chunk.first_start);
      range_.end = first ? chunk.last_end : std::max(range_.end, chunk.last_end);
      first = false;
    }
  }
}

std::uint64_t Trace::span_count(TrackId track) const {
  const auto& chunks = chunk_infos(track);
  return chunks.empty() ? 0 : std::uint64_t{chunks.back().first_index} + chunks.back().count;
}

std::shared_ptr<const SpanChunk> Trace::chunk(TrackId track, std::size_t chunk) const {
  return parts_.store->chunk(track, chunk);
}

void Trace::visit_chunks(TrackId track, TimeRange window,
                         const std::function<bool(const SpanChunk&, std::uint32_t)>& visit) const {
  const auto& infos = chunk_infos(track);
  auto it = std::partition_point(infos.begin(), infos.end(), [&](const ChunkInfo& info) {
    return info.max_end_so_far < window.begin;
  });
  for (; it != infos.end() && it->first_start < window.end; ++it) {
    if (it->last_end < window.begin) continue;
    const auto loaded = chunk(track, static_cast<std::size_t>(it - infos.begin()));
    if (!visit(*loaded, it->first_index)) return;
  }
}

void Trace::visit_chunks(TrackId track,
                         const std::function<bool(const SpanChunk&, std::uint32_t)>& visit) const {
  const auto& infos = chunk_infos(track);
  for (std::size_t i = 0; i < infos.size(); ++i)
    if (!visit(*chunk(track, i), infos[i].first_index)) return;
}

std::pair<std::size_t, std::uint32_t> Trace::locate(SpanRef ref) const {
  const auto& infos = chunk_infos(ref.track);
  auto it = std::upper_bound(
      infos.begin(), infos.end(), ref.index,
      [](std::uint32_t index, const ChunkInfo& c) { return index < c.first_index; });
  if (it == infos.begin()) throw std::out_of_range("span reference out of range");
  --it;
  const std::uint32_t row = ref.index - it->first_index;
  if (row >= it->count) throw std::out_of_range("span reference out of range");
  return {static_cast<std::size_t>(it - infos.begin()), row};
}

Span Trace::span(SpanRef ref) const {
  const auto [index, row] = locate(ref);
  return chunk(ref.track, index)->columns().at(row);
}

std::string Trace::args(SpanRef ref) const {
  const auto [index, row] = locate(ref);
  return chunk(ref.track, index)->args().row(row);
}

std::shared_ptr<const TrackSummary> Trace::summary(TrackId track) const {
  {
    std::lock_guard lock(summary_mutex_);
    if (summaries_.at(track)) return summaries_[track];
  }
  auto summary = parts_.store->summary(track);
  if (!summary) {
    summary = std::make_shared<const TrackSummary>(compute_summary(*this, track));
  }
  std::lock_guard lock(summary_mutex_);
  if (!summaries_[track]) summaries_[track] = std::move(summary);
  return summaries_[track];
}

bool Trace::visit_buckets(TrackId track, const BucketQuery& query,
                          const BucketVisitor& visit) const {
  if (parts_.store->depth_count(track) >= 0)
    return parts_.store->visit_buckets(track, query, visit);
  const auto whole = summary(track);
  const SummaryLevel* level = whole->level(query.depth, query.ns_per_pixel);
  if (!level) return false;
  const auto& buckets = level->buckets;
  const auto first = std::partition_point(buckets.begin(), buckets.end(), [&](const auto& b) {
    return TimeNs{b.index} < query.window.begin >> level->shift;
  });
  const auto last = std::partition_point(first, buckets.end(), [&](const auto& b) {
    return TimeNs{b.index} << level->shift < query.window.end;
  });
  if (first != last) visit(std::span(first, last), level->shift);
  return true;
}

int Trace::depth_count(TrackId track) const {
  const int stored = parts_.store->depth_count(track);
  return stored >= 0 ? stored : summary(track)->depth_count;
}

const std::vector<SmRecord>& Trace::sm_records() const {
  if (!parts_.sm_records.empty()) return parts_.sm_records;
  std::call_once(sm_once_, [&] { stored_sm_ = parts_.store->sm_records(); });
  return stored_sm_;
}

std::vector<std::span<const SmRecord>> Trace::sm_record_pieces() const {
  if (parts_.sm_records.empty())
    if (auto pieces = parts_.store->sm_record_pieces(); !pieces.empty()) return pieces;
  const auto& all = sm_records();
  if (all.empty()) return {};
  return {all};
}

const std::vector<CounterSeries>& Trace::counters() const {
  if (!parts_.counters.empty()) return parts_.counters;
  std::call_once(counters_once_, [&] { stored_counters_ = parts_.store->counters(); });
  return stored_counters_;
}

TrackSummary compute_summary(const Trace& trace, TrackId track) {
  SummaryBuilder builder(trace.range().end, trace.span_count(track));
  trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
    builder.add(chunk.columns());
    return true;
  });
  return builder.finish();
}

const Device* Trace::device_of(TrackId track) const {
  const Track& t = parts_.tracks.at(track);
  return find_device(parts_.devices, t.process, t.device);
}

std::string Trace::path(TrackId track) const {
  const Track& t = parts_.tracks.at(track);
  std::string path = t.process < parts_.processes.size() ? parts_.processes[t.process].label : "";
  const Device* device = device_of(track);
  if (device != nullptr && device->on_cpu)
    path += " > CPU";
  else if (t.device >= 0)
    path += " > GPU " + std::to_string(t.device);
  return path + " > " + t.name;
}

}  // namespace moescope
