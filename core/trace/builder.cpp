#include <algorithm>
#include <stdexcept>

#include "core/parallel.h"
#include "core/trace/lanes.h"
#include "core/trace/launch_ids.h"
#include "core/trace/sink.h"

namespace moescope {
namespace {

using ChunkPtr = std::shared_ptr<const SpanChunk>;

/// Chunks in memory; a snapshot shares them with the builder.
class MemoryStore final : public ChunkStore {
 public:
  explicit MemoryStore(std::vector<std::vector<ChunkPtr>> chunks) : chunks_(std::move(chunks)) {}
  ChunkPtr chunk(TrackId track, std::size_t chunk) const override {
    return chunks_.at(track).at(chunk);
  }
  std::shared_ptr<const TrackSummary> summary(TrackId) const override { return nullptr; }
  bool in_memory() const override { return true; }

 private:
  std::vector<std::vector<ChunkPtr>> chunks_;
};

template <typename T>
std::vector<T> slice(const std::vector<T>& from, std::size_t begin, std::size_t end) {
  return {from.begin() + static_cast<std::ptrdiff_t>(begin),
          from.begin() + static_cast<std::ptrdiff_t>(end)};
}

/// Rows [begin, end) of a batch as a chunk of their own.
ChunkPtr make_chunk(const SpanBatch& batch, std::size_t begin, std::size_t end) {
  const auto& c = batch.columns;
  SpanColumns columns{slice(c.start, begin, end),  slice(c.duration, begin, end),
                      slice(c.name, begin, end),   slice(c.correlation, begin, end),
                      slice(c.launch, begin, end), slice(c.kind, begin, end),
                      slice(c.depth, begin, end)};
  ArgsBlock args;
  if (!batch.args_offsets.empty()) {
    const std::uint32_t first = batch.args_offsets[begin];
    auto offsets = slice(batch.args_offsets, begin, end + 1);
    for (auto& offset : offsets) offset -= first;
    args = ArgsBlock::compress(std::string_view(batch.args_text).substr(first, offsets.back()),
                               offsets);
  }
  return std::make_shared<const SpanChunk>(std::move(columns), std::move(args));
}

}  // namespace

void SpanBatch::add(const Span& span, std::string_view args) {
  columns.push_back(span);
  columns.depth.clear();
  if (args_offsets.empty()) args_offsets.push_back(0);
  args_text += args;
  args_offsets.push_back(static_cast<std::uint32_t>(args_text.size()));
}

void check_batch(const SpanBatch& batch) {
  const auto& c = batch.columns;
  const std::size_t n = c.size();
  if (c.duration.size() != n || c.name.size() != n || c.correlation.size() != n ||
      c.launch.size() != n || c.kind.size() != n || (!c.depth.empty() && c.depth.size() != n))
    throw std::invalid_argument("span columns differ in length");
  if (!batch.args_offsets.empty() && batch.args_offsets.size() != n + 1)
    throw std::invalid_argument("argument offsets do not match the spans");
  if (!std::is_sorted(c.start.begin(), c.start.end()))
    throw std::invalid_argument("spans of a batch must be in order of start");
}

struct TraceBuilder::State {
  TraceParts parts;
  std::shared_ptr<StringTable> strings = std::make_shared<StringTable>();
  LaunchIds launch_ids;
  std::vector<std::vector<ChunkPtr>> chunks;
  std::vector<LaneAssigner> lanes;
  LossList losses;
};

TraceBuilder::TraceBuilder() : state_(std::make_unique<State>()) {
  state_->parts.strings = state_->strings;
  state_->parts.launches.emplace_back();
}
TraceBuilder::~TraceBuilder() = default;

StringTable& TraceBuilder::strings() {
  return *state_->strings;
}

ProcessId TraceBuilder::add_process(Process process) {
  state_->parts.processes.push_back(std::move(process));
  return static_cast<ProcessId>(state_->parts.processes.size() - 1);
}

void TraceBuilder::add_device(Device device) {
  state_->parts.devices.push_back(std::move(device));
}

TrackId TraceBuilder::add_track(Track track) {
  state_->parts.tracks.push_back(std::move(track));
  state_->parts.chunk_infos.emplace_back();
  state_->chunks.emplace_back();
  state_->lanes.emplace_back();
  return static_cast<TrackId>(state_->parts.tracks.size() - 1);
}

LaunchId TraceBuilder::intern_launch(const LaunchConfig& launch) {
  return state_->launch_ids.intern(launch, state_->parts.launches);
}

void TraceBuilder::append(TrackId track, SpanBatch batch) {
  check_batch(batch);
  auto& columns = batch.columns;
  if (columns.size() == 0) return;
  auto& infos = state_->parts.chunk_infos.at(track);
  if (!infos.empty() && columns.start.front() < infos.back().last_start)
    throw std::invalid_argument("a batch must not start before the last span of its track");
  if (columns.depth.empty()) {
    columns.depth.resize(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i)
      columns.depth[i] =
          state_->lanes[track].assign(columns.start[i], columns.start[i] + columns.duration[i]);
  }
  const std::size_t pieces = (columns.size() + kChunkSpans - 1) / kChunkSpans;
  std::vector<ChunkPtr> made(pieces);
  parallel_for(pieces, [&](std::size_t i) {
    made[i] = make_chunk(batch, i * kChunkSpans, std::min(columns.size(), (i + 1) * kChunkSpans));
  });
  for (auto& chunk : made) {
    infos.push_back(describe_chunk(chunk->columns(), infos.empty() ? nullptr : &infos.back()));
    state_->chunks[track].push_back(std::move(chunk));
  }
}

void TraceBuilder::append_chunk(TrackId track, std::shared_ptr<const SpanChunk> chunk) {
  if (chunk->size() == 0) return;
  auto& infos = state_->parts.chunk_infos.at(track);
  if (!infos.empty() && chunk->columns().start.front() < infos.back().last_start)
    throw std::invalid_argument("a chunk must not start before the last span of its track");
  infos.push_back(describe_chunk(chunk->columns(), infos.empty() ? nullptr : &infos.back()));
  state_->chunks[track].push_back(std::move(chunk));
}

void TraceBuilder::add_sm_records(std::vector<SmRecord> records) {
  auto& all = state_->parts.sm_records;
  all.insert(all.end(), records.begin(), records.end());
}

void TraceBuilder::add_counter(CounterSeries series) {
  state_->parts.counters.push_back(std::move(series));
}
void TraceBuilder::add_note(Note note) {
  state_->parts.notes.push_back(std::move(note));
}
void TraceBuilder::add_loss(Loss loss) {
  state_->losses.add(std::move(loss));
}
void TraceBuilder::set_info(TraceInfo info) {
  state_->parts.info = std::move(info);
}

TracePtr TraceBuilder::snapshot() const {
  TraceParts parts = state_->parts;
  std::stable_sort(parts.sm_records.begin(), parts.sm_records.end(),
                   [](const SmRecord& a, const SmRecord& b) { return a.start < b.start; });
  parts.losses = state_->losses.all();
  parts.store = std::make_shared<const MemoryStore>(state_->chunks);
  return std::make_shared<const Trace>(std::move(parts));
}

}  // namespace moescope
