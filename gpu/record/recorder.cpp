#include "gpu/record/recorder.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <type_traits>

#include "core/version.h"
#include "gpu/base/clock.h"

namespace moescope::runtime {
namespace {

constexpr auto kDrainInterval = std::chrono::milliseconds(50);
constexpr std::int64_t kLoadWindow = 1'000'000'000;  ///< ns
constexpr const char* kFullRing = "the ring of the recorder was full";

/// Writes the arguments of a span over `text`: thousands per second, so without a string for each
/// part.
std::string_view arguments(const SpanRecord& r, const char* unit, fmt::memory_buffer& text) {
  text.clear();
  const auto out = fmt::appender(text);
  fmt::format_to(out, FMT_COMPILE("{{\"phase\":\"{}\",\"step\":{}"), unit, r.step);
  if (r.layer >= 0) fmt::format_to(out, FMT_COMPILE(",\"layer\":{}"), r.layer);
  if (r.micro_batch >= 0) fmt::format_to(out, FMT_COMPILE(",\"micro_batch\":{}"), r.micro_batch);
  if (r.tokens > 0) fmt::format_to(out, FMT_COMPILE(",\"tokens\":{}"), r.tokens);
  if (r.nvlink_bytes > 0) fmt::format_to(out, FMT_COMPILE(",\"nvlink_bytes\":{}"), r.nvlink_bytes);
  if (r.ib_bytes > 0) fmt::format_to(out, FMT_COMPILE(",\"ib_bytes\":{}"), r.ib_bytes);
  text.push_back('}');
  return {text.data(), text.size()};
}

}  // namespace

Recorder::Recorder(RecordingSink& sink, const std::vector<RecordedRank>& ranks,
                   std::map<std::string, std::string> facts, std::int64_t start, RankLogs* logs)
    : sink_(sink),
      ranks_(ranks),
      facts_(std::move(facts)),
      start_(start),
      own_logs_(logs == nullptr ? std::make_unique<RankLogs>(ranks.size()) : nullptr),
      logs_(logs == nullptr ? *own_logs_ : *logs),
      summaries_(sink, ranks.size(), [this](std::int64_t steady) { return time(steady); }) {
  for (const RecordedRank& rank : ranks_) units_.push_back(rank.unit);
  constexpr const char* stream_names[kLogStreams] = {"compute", "communication", "experts",
                                                     "kv hand-over", "plan copies"};
  for (const RecordedRank& rank : ranks_) {
    Process process;
    process.label = fmt::format("rank {}", rank.rank);
    process.pid = fmt::format("{}", rank.rank);
    process.name = fmt::format("moescope-node {} unit", to_string(rank.unit));
    process.rank = rank.rank;
    process.world_size = static_cast<int>(ranks_.size());
    process.node = rank.node;
    const ProcessId id = sink_.add_process(process);
    Device device;
    device.process = id;
    device.index = kDevice;
    device.name = rank.device;
    device.sm_count = rank.workers;
    device.on_cpu = rank.on_cpu;
    sink_.add_device(device);
    Tracks& tracks = tracks_.emplace_back();
    for (int stream = 0; stream < kLogStreams; ++stream)
      tracks.streams[stream] =
          sink_.add_track({id, TrackType::DeviceStream, kDevice, stream, stream_names[stream]});
    for (int mb = 0; mb < kMaxMicroBatches; ++mb)
      tracks.micro_batches[mb] =
          sink_.add_track({id, TrackType::DeviceStream, kDevice, kLogStreams + mb,
                           fmt::format("layers of micro-batch {}", mb)});
  }
  Process engine;
  engine.label = "engine";
  engine.name = "moescope-node";
  const ProcessId id = sink_.add_process(engine);
  request_track_ = sink_.add_track({id, TrackType::Other, -1, 0, "requests"});
  for (const UnitKind unit : {UnitKind::Prefill, UnitKind::Decode})
    step_tracks_[static_cast<int>(unit)] =
        sink_.add_track({id, TrackType::Thread, -1, 1 + static_cast<int>(unit),
                         fmt::format("{} steps", to_string(unit))});
  constexpr const char* engine_tracks[kEngineTracks] = {"plan changes", "prefill worker budget",
                                                        "decode worker budget", "ranks that hang"};
  for (int i = 0; i < kEngineTracks; ++i)
    engine_tracks_[i] = sink_.add_track({id, TrackType::Thread, -1, 3 + i, engine_tracks[i]});
  write_info();
  thread_ = std::thread([this] { run(); });
}

Recorder::~Recorder() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  round_done_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Recorder::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait_for(lock, kDrainInterval, [&] { return stopping_ || rounds_wanted_ > rounds_; });
    if (stopping_) return;
    const std::uint64_t round = rounds_wanted_;
    lock.unlock();
    try {
      drain();
    } catch (...) {
      lock.lock();
      error_ = std::current_exception();
      failed_ = true;
      round_done_.notify_all();
      return;
    }
    lock.lock();
    rounds_ = round;
    round_done_.notify_all();
  }
}

void Recorder::flush() {
  {
    std::unique_lock lock(mutex_);
    const std::uint64_t round = ++rounds_wanted_;
    wake_.notify_all();
    round_done_.wait(lock, [&] { return rounds_ >= round || stopping_ || error_; });
    if (error_) std::rethrow_exception(error_);
    if (rounds_ < round) return;  // finish() writes all of it
  }
  sink_.flush();
}

void Recorder::add_request(const RequestRecord& request) {
  std::lock_guard lock(mutex_);
  requests_.push_back(request);
}

void Recorder::add_step(const StepRecord& step) {
  std::lock_guard lock(mutex_);
  steps_.push_back(step);
}

void Recorder::add_span(EngineSpan span) {
  std::lock_guard lock(mutex_);
  engine_spans_.push_back(std::move(span));
}

void Recorder::add_plan(std::int64_t when, const std::string& name, const std::string& json) {
  std::lock_guard lock(mutex_);
  plans_.push_back({time(when), name, json});
}

std::uint64_t Recorder::dropped(std::size_t rank) const {
  return logs_.log(rank)->dropped();
}

void Recorder::add_loads(const StepRecord& step, const StepLoads& loads,
                         const std::vector<int>& ranks, int first_layer) {
  const auto add = [](auto& sum, const auto& part) {
    sum.resize(part.size());
    for (std::size_t layer = 0; layer < part.size(); ++layer) {
      sum[layer].resize(part[layer].size());
      for (std::size_t i = 0; i < part[layer].size(); ++i) sum[layer][i] += part[layer][i];
    }
  };
  std::lock_guard lock(mutex_);
  const auto before = windows_.find(step.unit);
  if (before != windows_.end() && before->second.epoch != step.epoch) {
    full_windows_.push_back(std::move(before->second));
    windows_.erase(before);
  }
  auto [it, fresh] = windows_.try_emplace(step.unit);
  LoadWindow& window = it->second;
  if (fresh) window = {{}, ranks, first_layer, step.begin, step.end, step.epoch};
  add(window.sum.logical, loads.logical);
  add(window.sum.physical, loads.physical);
  window.end = step.end;
  if (window.end - window.begin < kLoadWindow) return;
  full_windows_.push_back(std::move(window));
  windows_.erase(it);
}

void Recorder::drain(bool last) {
  logs_.fetch();
  double fullness = 0;
  for (std::size_t rank = 0; rank < logs_.size(); ++rank)
    fullness = std::max(fullness, logs_.log(rank)->fullness());
  const Detail detail = summaries_.choose(fullness, steady_now());
  for (std::size_t rank = 0; rank < logs_.size(); ++rank) {
    drain_rank(rank, detail);
    drain_workers(rank, detail);
  }
  statistics_.spans += summaries_.write(units_, last);
  write_host_records();
  drained_ = steady_now();
  sink_.end_round();
}

void Recorder::drain_rank(std::size_t rank, Detail detail) {
  RankLog& log = *logs_.log(rank);
  std::vector<SpanRecord> spans;
  const auto fetch = [&](Ring<SpanRecord>& ring, TrackId track, std::uint64_t& drops) {
    spans.clear();
    ring.drain(spans);
    report_drops(ring, std::span<const SpanRecord>(spans), rank, track, drops);
  };
  Tracks& tracks = tracks_[rank];
  for (int i = 0; i < kLogStreams; ++i) {
    fetch(log.streams[static_cast<std::size_t>(i)], tracks.streams[i], tracks.stream_drops[i]);
    // Copies beside the steps are few.
    if (detail == Detail::Spans || i >= kKvStream)
      write_spans(tracks.streams[i], spans, ranks_[rank].unit);
    else
      summaries_.add(rank, spans);
  }
  for (int i = 0; i < kMaxMicroBatches; ++i) {
    fetch(log.micro_batches[static_cast<std::size_t>(i)], tracks.micro_batches[i],
          tracks.micro_batch_drops[i]);
    if (detail == Detail::Spans)
      write_spans(tracks.micro_batches[i], spans, ranks_[rank].unit);
    else
      summaries_.leave_out(std::span<const SpanRecord>(spans));
  }
}

void Recorder::drain_workers(std::size_t rank, Detail detail) {
  RankLog& log = *logs_.log(rank);
  Tracks& tracks = tracks_[rank];
  std::vector<WorkerRecord> workers;
  for (int i = 0; i < kLogStreams; ++i) {
    Ring<WorkerRecord>& ring = log.workers[static_cast<std::size_t>(i)];
    const std::size_t before = workers.size();
    ring.drain(workers);
    report_drops(ring, std::span<const WorkerRecord>(workers).subspan(before), rank,
                 tracks.streams[i], tracks.worker_drops[i]);
  }
  if (detail == Detail::Steps) return summaries_.leave_out(std::span<const WorkerRecord>(workers));
  std::sort(workers.begin(), workers.end(),
            [](const WorkerRecord& a, const WorkerRecord& b) { return a.begin < b.begin; });
  std::vector<SmRecord> records;
  for (const WorkerRecord& w : workers)
    records.push_back({time(w.begin), time(w.end), static_cast<ProcessId>(rank), kDevice, w.worker,
                       w.correlation});
  if (!records.empty()) sink_.add_sm_records(std::move(records));
}

template <typename T>
void Recorder::report_drops(const Ring<T>& ring, std::span<const T> drained, std::size_t rank,
                            TrackId track, std::uint64_t& seen) {
  const std::uint64_t dropped = ring.dropped();
  if (dropped == seen) return;
  // A ring drops once it is full, so after the last entry that it took.
  const TimeNs begin = time(drained.empty() ? drained_ : drained.back().end);
  constexpr LossKind kind =
      std::is_same_v<T, SpanRecord> ? LossKind::DroppedSpans : LossKind::DroppedSmRecords;
  sink_.add_loss({kind,
                  static_cast<ProcessId>(rank),
                  track,
                  {begin, std::max(begin, time(steady_now()))},
                  dropped - seen,
                  kFullRing});
  seen = dropped;
}

void Recorder::write_spans(TrackId track, const std::vector<SpanRecord>& records, UnitKind unit) {
  if (records.empty()) return;
  statistics_.spans += records.size();
  SpanBatch batch;
  fmt::memory_buffer text;
  for (const SpanRecord& r : records)
    batch.add({time(r.begin), r.end - r.begin, name_of(r, unit), r.correlation, 0,
               r.name == SpanName::Layer ? SpanKind::GpuAnnotation : SpanKind::Kernel, 0},
              arguments(r, to_string(unit), text));
  sink_.append(track, std::move(batch));
}

StringId Recorder::name_of(const SpanRecord& record, UnitKind unit) {
  const bool layer = record.name == SpanName::Layer;
  const auto [name, added] =
      names_.try_emplace(layer ? NameKey{record.name, unit, record.layer, record.micro_batch}
                               : NameKey{record.name, {}, -1, -1});
  if (added)
    name->second = sink_.strings().intern(
        layer ? fmt::format("{} layer {} mb{}", to_string(unit), record.layer, record.micro_batch)
              : std::string(to_string(record.name)));
  return name->second;
}

void Recorder::write_host_records() {
  std::vector<RequestRecord> requests;
  std::vector<StepRecord> steps;
  std::vector<EngineSpan> spans;
  std::vector<PlanRow> plans;
  std::vector<LoadWindow> windows;
  bool facts = false;
  {
    std::lock_guard lock(mutex_);
    facts = new_facts_;
    requests.swap(requests_);
    steps.swap(steps_);
    spans.swap(engine_spans_);
    plans.swap(plans_);
    windows.swap(full_windows_);
  }
  if (facts) write_info();
  write_requests(requests);
  for (const UnitKind unit : {UnitKind::Prefill, UnitKind::Decode}) write_steps(unit, steps);
  for (int track = 0; track < kEngineTracks; ++track)
    write_engine_spans(static_cast<EngineTrack>(track), spans);
  for (const PlanRow& plan : plans) sink_.add_plan(plan);
  for (const LoadWindow& window : windows) write_loads(window);
}

void Recorder::write_requests(const std::vector<RequestRecord>& requests) {
  if (requests.empty()) return;
  SpanBatch done;
  for (const RequestRecord& r : requests) {
    std::string args = fmt::format(
        "{{\"request\":{},\"topic\":{},\"prompt\":{},\"output\":{},\"arrival_ns\":{},"
        "\"ttft_ns\":{},\"in_target\":{}",
        r.id, r.topic, r.prompt, r.output, time(r.arrival), r.first_token - r.arrival, r.in_target);
    if (r.output > 1)
      args += fmt::format(",\"tpot_ns\":{}", (r.last_token - r.first_token) / (r.output - 1));
    done.add(
        {time(r.last_token), 0, sink_.strings().intern("request done"), 0, 0, SpanKind::Instant, 0},
        args + "}");
  }
  sink_.append(request_track_, std::move(done));
}

void Recorder::write_steps(UnitKind unit, const std::vector<StepRecord>& steps) {
  SpanBatch batch;
  for (const StepRecord& s : steps) {
    if (s.unit != unit) continue;
    batch.add({time(s.begin), s.end - s.begin,
               sink_.strings().intern(fmt::format("{} step", to_string(unit))), 0, 0,
               SpanKind::Annotation, 0},
              fmt::format("{{\"step\":{},\"requests\":{},\"tokens\":{},\"epoch\":{}}}", s.step,
                          s.requests, s.tokens, s.epoch));
  }
  if (batch.columns.size() > 0)
    sink_.append(step_tracks_[static_cast<int>(unit)], std::move(batch));
}

void Recorder::write_engine_spans(EngineTrack track, const std::vector<EngineSpan>& spans) {
  SpanBatch batch;
  for (const EngineSpan& s : spans) {
    if (s.track != track) continue;
    batch.add({time(s.begin), s.end - s.begin, sink_.strings().intern(s.name), 0, 0,
               SpanKind::Annotation, 0},
              s.args);
  }
  if (batch.columns.size() > 0)
    sink_.append(engine_tracks_[static_cast<int>(track)], std::move(batch));
}

void Recorder::write_loads(const LoadWindow& window) {
  for (std::size_t layer = 0; layer < window.sum.logical.size(); ++layer) {
    LoadRow row{time(window.begin), time(window.end), window.first_layer + static_cast<int>(layer),
                "logical",          std::nullopt,     window.sum.logical[layer]};
    sink_.add_loads(row);
    const auto& slots = window.sum.physical[layer];
    const std::size_t per_rank = slots.size() / window.ranks.size();
    row.space = "physical";
    for (std::size_t i = 0; i < window.ranks.size(); ++i) {
      row.rank = window.ranks[i];
      const auto first = slots.begin() + static_cast<std::ptrdiff_t>(i * per_rank);
      row.counts.assign(first, first + static_cast<std::ptrdiff_t>(per_rank));
      sink_.add_loads(row);
    }
  }
}

void Recorder::write_info() {
  TraceInfo info;
  info.format = "moetrace";
  info.producer = "moescope-node " + program_version();
  {
    std::lock_guard lock(mutex_);
    info.extra = facts_;
    new_facts_ = false;
  }
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const auto steady = std::chrono::steady_clock::now().time_since_epoch();
  info.start_epoch_ns = std::chrono::nanoseconds(wall - steady).count() + start_;
  sink_.set_info(info);
}

void Recorder::set_fact(const std::string& name, std::string value) {
  std::lock_guard lock(mutex_);
  facts_[name] = std::move(value);
  new_facts_ = true;
}

RecorderStatistics Recorder::finish() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [unit, window] : windows_) full_windows_.push_back(std::move(window));
    windows_.clear();
  }
  wake_.notify_all();
  round_done_.notify_all();
  thread_.join();
  if (error_) std::rethrow_exception(error_);
  drain(true);
  for (std::size_t rank = 0; rank < logs_.size(); ++rank) statistics_.dropped += dropped(rank);
  write_info();
  return statistics_;
}

}  // namespace moescope::runtime
