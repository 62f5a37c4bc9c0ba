#include "core/cluster/live_trace.h"

#include <algorithm>
#include <limits>
#include <span>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "core/trace/growing_summary.h"
#include "core/trace/lanes.h"
#include "core/trace/launch_ids.h"

namespace moescope {
namespace {

using ChunkPtr = std::shared_ptr<const SpanChunk>;

struct SmBlock {
  std::shared_ptr<const std::vector<SmRecord>> records;
  TimeNs last_end = 0;
};

SmBlock sm_block(std::vector<SmRecord> records) {
  TimeNs last = std::numeric_limits<TimeNs>::min();
  for (const SmRecord& record : records) last = std::max(last, record.end);
  return {std::make_shared<const std::vector<SmRecord>>(std::move(records)), last};
}

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
  /// Calls use(info) for what would be evicted as one, oldest first: chunks and the open spans.
  template <typename Use>
  void visit_infos(const Use& use) const {
    for (const ChunkInfo& info : infos) use(info);
    if (open.size() > 0) use(describe_chunk(open, last_info()));
  }
  void evict_before(TimeNs cut);
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

void LiveTrack::evict_before(TimeNs cut) {
  bool goes = false;
  visit_infos([&](const ChunkInfo& info) { goes |= info.last_end <= cut; });
  if (!goes) return;
  std::vector<ChunkPtr> all = std::move(chunks);
  const std::vector<ChunkInfo> all_infos = std::move(infos);
  chunks.clear();
  infos.clear();
  std::vector<const SpanColumns*> left;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all_infos[i].last_end <= cut) continue;
    infos.push_back(place_chunk(all_infos[i], last_info()));
    chunks.push_back(std::move(all[i]));
    left.push_back(&chunks.back()->columns());
  }
  if (open.size() > 0 && describe_chunk(open, nullptr).last_end <= cut) {
    open = {};
    open_args.clear();
    open_chunk.reset();
  }
  if (open.size() > 0) left.push_back(&open);
  summary.evict(cut, left);
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
    for (const auto& block : sm_blocks)
      all.insert(all.end(), block.records->begin(), block.records->end());
    std::stable_sort(all.begin(), all.end(),
                     [](const SmRecord& a, const SmRecord& b) { return a.start < b.start; });
    return all;
  }
  std::vector<std::span<const SmRecord>> sm_record_pieces() const override {
    std::vector<std::span<const SmRecord>> pieces;
    for (const auto& block : sm_blocks) pieces.emplace_back(*block.records);
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
  LaunchIds launch_ids;
  std::vector<LiveTrack> tracks;
  std::vector<SmBlock> sm_blocks;
  std::vector<SmRecord> sm_open;
  LossList losses;
  std::uint64_t spans = 0;  ///< that came, also those evicted since
  std::size_t held = 0;     ///< spans and SM records

  TimeRange range() const;
  std::size_t held_after(TimeNs cut) const;
  void evict_before(TimeNs cut);
};

LiveTrace::LiveTrace(std::size_t max_held, std::string source, LoadLimits loads)
    : state_(std::make_unique<State>()), max_held_(max_held), loads_(std::move(source), loads) {
  state_->parts.strings = state_->strings;
  state_->parts.launches.emplace_back();
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
  return state_->launch_ids.intern(launch, state_->parts.launches);
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
  state_->spans += columns.size();
  if (track.open.size() >= kLiveChunkSpans) track.seal();
  if (state_->held > max_held_) evict();
}

/// Lets go of the oldest spans and records, by time and in whole chunks, until a quarter is free:
/// seldom enough for those who have to start over after it.
void LiveTrace::evict() {
  const TimeRange range = state_->range();
  constexpr int kSteps = 10;
  TimeNs cut = range.begin;
  for (int step = 1; step <= kSteps; ++step) {
    cut = range.begin + range.length() / kSteps * step;
    if (state_->held_after(cut) <= max_held_ - max_held_ / 4) break;
  }
  state_->evict_before(cut);
  ++generation_;
}

/// From the first start to the last end of what is held: spans and whole blocks of records.
TimeRange LiveTrace::State::range() const {
  TimeRange range{std::numeric_limits<TimeNs>::max(), std::numeric_limits<TimeNs>::min()};
  for (const LiveTrack& track : tracks)
    track.visit_infos([&](const ChunkInfo& info) {
      range = {std::min(range.begin, info.first_start), std::max(range.end, info.last_end)};
    });
  for (const SmBlock& block : sm_blocks)
    range = {std::min(range.begin, block.last_end), std::max(range.end, block.last_end)};
  return range;
}

/// Spans and records that evict_before(cut) would leave.
std::size_t LiveTrace::State::held_after(TimeNs cut) const {
  std::size_t left = sm_open.size();
  for (const LiveTrack& track : tracks)
    track.visit_infos([&](const ChunkInfo& info) { left += info.last_end > cut ? info.count : 0; });
  for (const SmBlock& block : sm_blocks) left += block.last_end > cut ? block.records->size() : 0;
  return left;
}

void LiveTrace::State::evict_before(TimeNs cut) {
  held = held_after(cut);
  for (LiveTrack& track : tracks) track.evict_before(cut);
  std::erase_if(sm_blocks, [&](const SmBlock& block) { return block.last_end <= cut; });
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
      auto r = read_request(span, args);
      if (!r) continue;
      keep(requests_, std::move(*r), kServed);
      ++request_count_;
    } else if (auto s = read_step(span, name, args)) {
      keep(steps_, std::move(*s), kServed);
      ++step_count_;
    }
  }
}

void LiveTrace::add_sm_records(std::vector<SmRecord> records) {
  auto& open = state_->sm_open;
  open.insert(open.end(), records.begin(), records.end());
  state_->held += records.size();
  if (open.size() < kSmBlockRecords) return;
  state_->sm_blocks.push_back(sm_block(std::move(open)));
  open = {};
  if (state_->held > max_held_) evict();
}

void LiveTrace::add_counter(CounterSeries series) {
  auto& all = state_->parts.counters;
  if (all.size() < kCounters) all.push_back(std::move(series));
}
void LiveTrace::add_note(Note note) {
  auto& all = state_->parts.notes;
  if (all.size() < kNotes) all.push_back(std::move(note));
}
void LiveTrace::add_loss(Loss loss) {
  state_->losses.add(std::move(loss));
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
  if (!state_->sm_open.empty()) store->sm_blocks.push_back(sm_block(state_->sm_open));
  parts.losses = state_->losses.all();
  if (parts.info.events == 0) parts.info.events = state_->spans;
  parts.store = std::move(store);
  return std::make_shared<const Trace>(std::move(parts));
}

}  // namespace moescope
