#include <algorithm>
#include <array>

#include "core/cluster/wire/batch.h"
#include "core/cluster/wire/cluster.pb.h"
#include "core/cluster/wire/protocol.h"
#include "core/cluster/wire/wire_enums.h"

namespace moescope {

struct BatchEncoder::State {
  /// Records of one kind that wait.
  struct Held {
    std::uint64_t count = 0;
    TimeRange when;
    void add(TimeNs begin, TimeNs end, std::uint64_t records = 1) {
      when = count == 0 ? TimeRange{begin, end}
                        : TimeRange{std::min(when.begin, begin), std::max(when.end, end)};
      count += records;
    }
  };
  wire::Batch batch;
  std::array<Held, kLossKindCount> held{};

  Held& of(LossKind kind) { return held.at(static_cast<std::size_t>(kind)); }
};

BatchEncoder::BatchEncoder() : state_(std::make_unique<State>()) {}
BatchEncoder::~BatchEncoder() = default;

namespace {

/// Differences modulo 2^32, small where neighbours count up.
class Difference32 {
 public:
  std::int32_t operator()(std::uint32_t value) {
    const auto difference = static_cast<std::int32_t>(value - before_);
    before_ = value;
    return difference;
  }

 private:
  std::uint32_t before_ = 0;
};

class Difference64 {
 public:
  std::int64_t operator()(std::int64_t value) {
    const std::int64_t difference = value - before_;
    before_ = value;
    return difference;
  }

 private:
  std::int64_t before_ = 0;
};

// Estimated bytes of one record besides its texts.
constexpr std::size_t kSpanBytes = 16, kSmBytes = 14, kSampleBytes = 12, kHeadBytes = 16;

}  // namespace

void BatchEncoder::add_spans(TrackId track, const SpanBatch& spans, std::size_t begin,
                             std::size_t end) {
  const SpanColumns& c = spans.columns;
  wire::Spans& out = *state_->batch.add_spans();
  out.set_track(track);
  Difference64 start;
  Difference32 correlation;
  bool launched = false;
  for (std::size_t i = begin; i < end; ++i) {
    out.add_start(start(c.start[i]));
    out.add_duration(static_cast<std::uint64_t>(c.duration[i]));
    out.add_name(c.name[i]);
    out.add_correlation(correlation(c.correlation[i]));
    out.mutable_kind()->push_back(static_cast<char>(c.kind[i]));
    launched = launched || c.launch[i] != 0;
    state_->of(LossKind::DroppedSpans).add(c.start[i], c.start[i] + c.duration[i]);
  }
  for (std::size_t i = begin; launched && i < end; ++i) out.add_launch(c.launch[i]);
  if (!spans.args_offsets.empty()) {
    const auto first = spans.args_offsets[begin], last = spans.args_offsets[end];
    out.set_args(spans.args_text.substr(first, last - first));
    for (std::size_t i = begin; i < end; ++i)
      out.add_args_length(spans.args_offsets[i + 1] - spans.args_offsets[i]);
  }
  bytes_ += kHeadBytes + (end - begin) * kSpanBytes + out.args().size();
  spans_ += end - begin;
}

void BatchEncoder::add_sm_records(const SmRecord* records, std::size_t count) {
  wire::SmRecords& out = *state_->batch.add_sm_records();
  Difference64 start;
  Difference32 correlation;
  for (std::size_t i = 0; i < count; ++i) {
    const SmRecord& r = records[i];
    out.add_start(start(r.start));
    out.add_length(static_cast<std::uint64_t>(r.end - r.start));
    out.add_process(r.process);
    out.add_device(r.device);
    out.add_sm(r.sm);
    state_->of(LossKind::DroppedSmRecords).add(r.start, r.end);
    out.add_correlation(correlation(r.correlation));
  }
  bytes_ += kHeadBytes + count * kSmBytes;
}

void BatchEncoder::add_counter(const CounterSeries& series) {
  wire::Counter& out = *state_->batch.add_counters();
  out.set_process(series.process);
  out.set_device(series.device);
  out.set_name(series.name);
  out.set_unit(series.unit);
  Difference64 time;
  for (const TimeNs t : series.times) out.add_times(time(t));
  for (const double value : series.values) out.add_values(value);
  if (!series.times.empty())
    state_->of(LossKind::DroppedCounters)
        .add(series.times.front(), series.times.back(), series.times.size());
  bytes_ += kHeadBytes + series.name.size() + series.times.size() * kSampleBytes;
}

void BatchEncoder::add_note(const Note& note) {
  wire::Note& out = *state_->batch.add_notes();
  out.set_time(note.time);
  if (note.track) out.set_track(*note.track);
  out.set_text(note.text);
  state_->of(LossKind::DroppedNotes).add(note.time, note.time);
  bytes_ += kHeadBytes + note.text.size();
}

void BatchEncoder::add_loads(const LoadRow& row) {
  wire::LoadRow& out = *state_->batch.add_loads();
  out.set_begin(row.begin);
  out.set_end(row.end);
  out.set_layer(row.layer);
  out.set_space(row.space);
  if (row.rank) out.set_rank(*row.rank);
  out.mutable_counts()->Add(row.counts.begin(), row.counts.end());
  state_->of(LossKind::DroppedLoads).add(row.begin, row.end);
  bytes_ += 2 * kHeadBytes + row.counts.size() * 3;
}

std::vector<Loss> BatchEncoder::as_losses(const std::string& reason) const {
  std::vector<Loss> losses;
  for (int kind = 0; kind < kLossKindCount; ++kind)
    if (const auto& held = state_->held[static_cast<std::size_t>(kind)]; held.count > 0)
      losses.push_back({static_cast<LossKind>(kind), {}, {}, held.when, held.count, reason});
  return losses;
}

std::string BatchEncoder::take() {
  std::string bytes = state_->batch.SerializeAsString();
  state_->batch.Clear();
  state_->held = {};
  bytes_ = 0;
  spans_ = 0;
  return bytes;
}

namespace {

void encode(const Process& p, wire::Process& out) {
  out.set_label(p.label);
  out.set_pid(p.pid);
  out.set_name(p.name);
  if (p.rank) out.set_rank(*p.rank);
  out.set_world_size(p.world_size);
  out.set_node(p.node);
}

void encode(const Device& d, wire::Device& out) {
  out.set_process(d.process);
  out.set_index(d.index);
  out.set_name(d.name);
  out.set_uuid(d.uuid);
  out.set_sm_count(d.sm_count);
  out.set_compute_major(d.compute_major);
  out.set_compute_minor(d.compute_minor);
  out.set_max_threads_per_sm(d.max_threads_per_sm);
  out.set_max_blocks_per_sm(d.max_blocks_per_sm);
  out.set_registers_per_sm(d.registers_per_sm);
  out.set_shared_memory_per_sm(d.shared_memory_per_sm);
  out.set_shared_memory_per_block_max(d.shared_memory_per_block_max);
  out.set_on_cpu(d.on_cpu);
}

void encode(const Track& t, wire::Track& out) {
  out.set_process(t.process);
  out.set_type(static_cast<std::uint32_t>(t.type));
  out.set_device(t.device);
  out.set_id(t.id);
  out.set_name(t.name);
}

void encode(const LaunchConfig& l, wire::Launch& out) {
  for (int i = 0; i < 3; ++i) {
    out.add_grid(l.grid[static_cast<std::size_t>(i)]);
    out.add_block(l.block[static_cast<std::size_t>(i)]);
    out.add_cluster(l.cluster[static_cast<std::size_t>(i)]);
  }
  out.set_registers_per_thread(l.registers_per_thread);
  out.set_shared_memory(l.shared_memory);
}

void encode(const PlanRow& p, wire::Plan& out) {
  out.set_time(p.time);
  out.set_name(p.name);
  out.set_json(p.json);
}

void encode(const Loss& l, wire::Loss& out) {
  out.set_kind(wire_number(l.kind));
  if (l.process) out.set_process(*l.process);
  if (l.track) out.set_track(*l.track);
  out.set_begin(l.when.begin);
  out.set_end(l.when.end);
  if (l.count) out.set_count(*l.count);
  out.set_reason(l.reason);
}

void encode(const TraceInfo& info, wire::Info& out) {
  out.set_format(info.format);
  out.set_producer(info.producer);
  if (info.start_epoch_ns) out.set_start_epoch_ns(*info.start_epoch_ns);
  out.set_events(info.events);
  for (const auto& [reason, count] : info.skipped) (*out.mutable_skipped())[reason] = count;
  for (const auto& [key, value] : info.extra) (*out.mutable_extra())[key] = value;
  for (const auto& warning : info.warnings) out.add_warnings(warning);
}

}  // namespace

std::string encode_head(const BatchHead& head) {
  wire::Batch batch;
  batch.set_sequence(head.sequence);
  batch.set_dropped_batches(head.dropped_batches);
  batch.set_dropped_spans(head.dropped_spans);
  if (head.run) {
    batch.mutable_begin()->set_protocol(kClusterProtocol);
    batch.mutable_begin()->set_run(*head.run);
  }
  wire::Definitions& out = *batch.mutable_definitions();
  for (const auto text : head.strings) out.add_strings(text.data(), text.size());
  for (const auto* process : head.processes) encode(*process, *out.add_processes());
  for (const auto* device : head.devices) encode(*device, *out.add_devices());
  for (const auto* track : head.tracks) encode(*track, *out.add_tracks());
  for (const auto* launch : head.launches) encode(*launch, *out.add_launches());
  for (const auto* plan : head.plans) encode(*plan, *out.add_plans());
  if (head.info != nullptr) encode(*head.info, *out.mutable_info());
  for (const auto* loss : head.losses) encode(*loss, *batch.add_losses());
  if (head.end_reason) batch.mutable_end()->set_reason(*head.end_reason);
  return batch.SerializeAsString();
}

}  // namespace moescope
