#include "core/cluster/live_trace.h"

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "core/trace/growing_summary.h"
#include "core/trace/lanes.h"

namespace moescope {
namespace {

using ChunkPtr = std::shared_ptr<const SpanChunk>;
using SmBlock = std::shared_ptr<const std::vector<SmRecord>>;

/// Spans of a chunk; small, because every snapshot copies one open chunk a track.
constexpr std::size_t kLiveChunkSpans = 2048;
constexpr std::size_t kSmBlockRecords = 8192;
/// What is kept of rows that come slowly.
constexpr std::size_t kServed = 10'000, kCounters = 4096, kNotes = 4096, kPlans = 256;

template <typename T>
void keep(std::deque<T>& all, T&& value, std::size_t limit) {
  all.push_back(std::forward<T>(value));
  if (all.size() > limit) all.pop_front();
}

/// Arguments of one appended batch.
struct ArgsPiece {
  std::string text;
  std::vector<std::uint32_t> offsets;  ///< rows+1, or empty
  std::size_t rows = 0;
};
using ArgsPieces = std::vector<std::shared_ptr<const ArgsPiece>>;

ArgsBlock join(const ArgsPieces& pieces) {
  std::string text;
  std::vector<std::uint32_t> offsets{0};
  for (const auto& piece : pieces) {
    const auto base = static_cast<std::uint32_t>(text.size());
    for (std::size_t row = 0; row < piece->rows; ++row)
      offsets.push_back(base + (piece->offsets.empty() ? 0 : piece->offsets[row + 1]));
    text += piece->text;
  }
  return text.empty() ? ArgsBlock() : ArgsBlock::compress(text, offsets);
}

/// One track: full chunks and the spans that are not in one yet.
struct LiveTrack {
  std::vector<ChunkPtr> chunks;
  std::vector<ChunkInfo> infos;
  SpanColumns open;
  ArgsPieces open_args;
  ChunkPtr open_chunk;  ///< of the open spans, while nothing was added since
  LaneAssigner lanes;
  GrowingSummary summary;
  TimeNs last_start = 0;

  const ChunkInfo* last_info() const { return infos.empty() ? nullptr : &infos.back(); }
  void seal();
  void add_to(std::vector<ChunkPtr>& all, std::vector<ChunkInfo>& all_infos);
};

void LiveTrack::seal() {
  if (open.size() == 0) return;
  infos.push_back(describe_chunk(open, last_info()));
  chunks.push_back(std::make_shared<const SpanChunk>(std::move(open), join(open_args)));
  open = {};
  open_args.clear();
  open_chunk.reset();
}

/// Appends what this track has to a snapshot. Arguments of open spans are packed when asked for.
void LiveTrack::add_to(std::vector<ChunkPtr>& all, std::vector<ChunkInfo>& all_infos) {
  all = chunks;
  all_infos = infos;
  if (open.size() == 0) return;
  if (!open_chunk)
    open_chunk =
        std::make_shared<const SpanChunk>(open, [pieces = open_args] { return join(pieces); });
  all.push_back(open_chunk);
  all_infos.push_back(describe_chunk(open, last_info()));
}

class LiveStore final : public ChunkStore {
 public:
  std::vector<std::vector<ChunkPtr>> chunks;
  std::vector<SmBlock> sm_blocks;
  std::vector<std::shared_ptr<const SummarySnapshot>> summaries;

  ChunkPtr chunk(TrackId track, std::size_t index) const override {
    return chunks.at(track).at(index);
  }
  std::vector<SmRecord> sm_records() const override {
    std::vector<SmRecord> all;
    for (const auto& block : sm_blocks) all.insert(all.end(), block->begin(), block->end());
    std::stable_sort(all.begin(), all.end(),
                     [](const SmRecord& a, const SmRecord& b) { return a.start < b.start; });
    return all;
  }
  std::vector<std::span<const SmRecord>> sm_record_pieces() const override {
    std::vector<std::span<const SmRecord>> pieces;
    for (const auto& block : sm_blocks) pieces.emplace_back(*block);
    return pieces;
  }
  std::shared_ptr<const TrackSummary> summary(TrackId) const override { return nullptr; }
  bool in_memory() const override { return true; }
  bool visit_buckets(TrackId track, const BucketQuery& query,
                     const BucketVisitor& visit) const override {
    return summaries.at(track)->visit(query, visit);
  }
  int depth_count(TrackId track) const override { return summaries.at(track)->depth_count(); }
};

}  // namespace

struct LiveTrace::State {
  TraceParts parts;  ///< without chunks and records
  std::shared_ptr<StringTable> strings = std::make_shared<StringTable>();
  std::map<LaunchConfig, LaunchId> launch_ids;
  std::vector<LiveTrack> tracks;
  std::vector<SmBlock> sm_blocks;
  std::vector<SmRecord> sm_open;
  std::size_t held = 0;  ///< spans and SM records

  void forget_before(TimeNs cut);
};

LiveTrace::LiveTrace(std::size_t max_held, std::string source, LoadLimits loads)
    : state_(std::make_unique<State>()), max_held_(max_held), loads_(std::move(source), loads) {
  state_->parts.strings = state_->strings;
  intern_launch({});
}
LiveTrace::~LiveTrace() = default;

StringTable& LiveTrace::strings() {
  return *state_->strings;
}

ProcessId LiveTrace::add_process(Process process) {
  if (process.rank) loads_.add_process(*process.rank, process.name);
  state_->parts.processes.push_back(std::move(process));
  return static_cast<ProcessId>(state_->parts.processes.size() - 1);
}

void LiveTrace::add_device(Device device) {
  state_->parts.devices.push_back(std::move(device));
}

TrackId LiveTrace::add_track(Track track) {
  state_->parts.tracks.push_back(std::move(track));
  state_->tracks.emplace_back();
  return static_cast<TrackId>(state_->tracks.size() - 1);
}

LaunchId LiveTrace::intern_launch(const LaunchConfig& launch) {
  auto& launches = state_->parts.launches;
  const auto [it, added] =
      state_->launch_ids.try_emplace(launch, static_cast<LaunchId>(launches.size()));
  if (added) launches.push_back(launch);
  return it->second;
}

void LiveTrace::append(TrackId id, SpanBatch batch) {
  check_batch(batch);
  const SpanColumns& columns = batch.columns;
  if (columns.size() == 0) return;
  LiveTrack& track = state_->tracks.at(id);
  if (columns.start.front() < track.last_start)
    throw std::invalid_argument("a batch must not start before the last span of its track");
  read_serving(batch);
  track.last_start = columns.start.back();
  track.open_chunk.reset();
  const bool has_depth = !columns.depth.empty();
  const std::size_t first = track.open.size();
  for (std::size_t row = 0; row < columns.size(); ++row) {
    Span span;
    span.start = columns.start[row];
    span.duration = columns.duration[row];
    span.name = columns.name[row];
    span.correlation = columns.correlation[row];
    span.launch = columns.launch[row];
    span.kind = columns.kind[row];
    span.depth = has_depth ? columns.depth[row] : track.lanes.assign(span.start, span.end());
    track.open.push_back(span);
  }
  track.summary.add(track.open, first);
  track.open_args.push_back(std::make_shared<const ArgsPiece>(
      ArgsPiece{std::move(batch.args_text), std::move(batch.args_offsets), columns.size()}));
  state_->held += columns.size();
  if (track.open.size() >= kLiveChunkSpans) track.seal();
  if (state_->held > max_held_) forget();
}

/// Lets go of the oldest spans and records, by time and in whole chunks, until a tenth is free.
void LiveTrace::forget() {
  TimeNs first = std::numeric_limits<TimeNs>::max(), last = 0;
  for (LiveTrack& track : state_->tracks) {
    track.seal();
    if (track.infos.empty()) continue;
    first = std::min(first, track.infos.front().first_start);
    last = std::max(last, track.infos.back().max_end_so_far);
  }
  constexpr int kSteps = 10;
  for (int step = 1; step <= kSteps && state_->held > max_held_ - max_held_ / 10; ++step)
    state_->forget_before(first + (last - first) / kSteps * step);
  ++generation_;
}

void LiveTrace::State::forget_before(TimeNs cut) {
  held = sm_open.size();
  for (LiveTrack& track : tracks) {
    std::vector<ChunkPtr> kept;
    std::vector<ChunkInfo> infos;
    for (std::size_t i = 0; i < track.chunks.size(); ++i) {
      if (track.infos[i].last_end <= cut) continue;
      kept.push_back(std::move(track.chunks[i]));
      infos.push_back(
          describe_chunk(kept.back()->columns(), infos.empty() ? nullptr : &infos.back()));
      held += infos.back().count;
    }
    track.chunks = std::move(kept);
    track.summary = GrowingSummary();
    for (const ChunkPtr& chunk : track.chunks) track.summary.add(chunk->columns());
    track.infos = std::move(infos);
  }
  std::erase_if(sm_blocks, [&](const SmBlock& block) {
    return std::all_of(block->begin(), block->end(),
                       [&](const SmRecord& r) { return r.end <= cut; });
  });
  for (const SmBlock& block : sm_blocks) held += block->size();
}

void LiveTrace::read_serving(const SpanBatch& batch) {
  if (batch.args_offsets.empty()) return;
  for (std::size_t row = 0; row < batch.columns.size(); ++row) {
    if (batch.columns.kind[row] != SpanKind::Instant &&
        batch.columns.kind[row] != SpanKind::Annotation)
      continue;
    const std::string_view name = (*state_->strings)[batch.columns.name[row]];
    const bool request = name == kRequestSpan;
    if (!request && name != kPrefillStepSpan && name != kDecodeStepSpan) continue;
    const std::string_view args =
        std::string_view(batch.args_text)
            .substr(batch.args_offsets[row], batch.args_offsets[row + 1] - batch.args_offsets[row]);
    Span span;
    span.start = batch.columns.start[row];
    span.duration = batch.columns.duration[row];
    if (request) {
      if (auto r = read_request(span, args)) keep(requests_, std::move(*r), kServed);
    } else if (auto s = read_step(span, name, args)) {
      keep(steps_, std::move(*s), kServed);
    }
  }
}

void LiveTrace::add_sm_records(std::vector<SmRecord> records) {
  auto& open = state_->sm_open;
  open.insert(open.end(), records.begin(), records.end());
  state_->held += records.size();
  if (open.size() < kSmBlockRecords) return;
  state_->sm_blocks.push_back(std::make_shared<const std::vector<SmRecord>>(std::move(open)));
  open = {};
}

void LiveTrace::add_counter(CounterSeries series) {
  auto& all = state_->parts.counters;
  if (all.size() < kCounters) all.push_back(std::move(series));
}
void LiveTrace::add_note(Note note) {
  auto& all = state_->parts.notes;
  if (all.size() < kNotes) all.push_back(std::move(note));
}
void LiveTrace::set_info(TraceInfo info) {
  state_->parts.info = std::move(info);
}
void LiveTrace::add_loads(LoadRow row) {
  loads_.add(row);
  loads_changed_ = true;
}
void LiveTrace::add_plan(PlanRow row) {
  loads_.add_plan(row);
  loads_changed_ = true;
  keep(plans_, std::move(row), kPlans);
}

const std::vector<LoadSetPtr>& LiveTrace::load_sets() {
  if (!std::exchange(loads_changed_, false)) return load_sets_;
  std::vector<LoadSetPtr> sets;
  try {
    for (LoadSet& set : loads_.sets(true, no_progress()))
      sets.push_back(std::make_shared<const LoadSet>(std::move(set)));
  } catch (const Error&) {
    return load_sets_;  // rows that do not fit together: what was good stays
  }
  load_sets_ = std::move(sets);
  return load_sets_;
}

TracePtr LiveTrace::snapshot() {
  TraceParts parts = state_->parts;
  auto store = std::make_shared<LiveStore>();
  store->chunks.resize(state_->tracks.size());
  parts.chunk_infos.resize(state_->tracks.size());
  for (std::size_t id = 0; id < state_->tracks.size(); ++id)
    state_->tracks[id].add_to(store->chunks[id], parts.chunk_infos[id]);
  for (LiveTrack& track : state_->tracks) store->summaries.push_back(track.summary.snapshot());
  store->sm_blocks = state_->sm_blocks;
  if (!state_->sm_open.empty())
    store->sm_blocks.push_back(std::make_shared<const std::vector<SmRecord>>(state_->sm_open));
  parts.store = std::move(store);
  return std::make_shared<const Trace>(std::move(parts));
}

}  // namespace moescope
