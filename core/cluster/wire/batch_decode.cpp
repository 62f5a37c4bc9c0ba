#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/cluster/wire/batch.h"
#include "core/cluster/wire/cluster.pb.h"
#include "core/cluster/wire/protocol.h"
#include "core/cluster/wire/wire_enums.h"
#include "core/error.h"

namespace moescope {
namespace {

/// Times are below 2^61 ns (73 years), so that sums cannot overflow.
constexpr TimeNs kMaxTime = TimeNs{1} << 61;
constexpr std::size_t kMaxProcesses = 1 << 16, kMaxTracks = 1 << 20, kMaxLaunches = 1 << 20;
constexpr std::size_t kMaxStrings = 1 << 22, kMaxStringBytes = std::size_t{256} << 20;
constexpr std::size_t kMaxText = 1 << 16;
constexpr int kMaxLayer = 1 << 16, kMaxExperts = 1 << 18;

[[noreturn]] void fail(const std::string& problem) {
  throw std::invalid_argument(problem);
}

void check(bool good, const char* problem) {
  if (!good) fail(problem);
}

std::string text_of(const std::string& text) {
  check(text.size() <= kMaxText, "a text is longer than 64 KiB");
  return text;
}

TimeNs checked_time(TimeNs time) {
  check(time >= 0 && time <= kMaxTime, "a time is out of range");
  return time;
}

/// Undoes differences; wraps instead of overflowing, the range is checked afterwards.
class Sum64 {
 public:
  TimeNs operator()(std::int64_t difference) {
    sum_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum_) +
                                     static_cast<std::uint64_t>(difference));
    return checked_time(sum_);
  }

 private:
  std::int64_t sum_ = 0;
};

class Sum32 {
 public:
  std::uint32_t operator()(std::int32_t difference) {
    return sum_ += static_cast<std::uint32_t>(difference);
  }

 private:
  std::uint32_t sum_ = 0;
};

TimeNs checked_length(std::uint64_t length) {
  check(length <= static_cast<std::uint64_t>(kMaxTime), "a duration is out of range");
  return static_cast<TimeNs>(length);
}

Process decode(const wire::Process& p) {
  Process out{text_of(p.label()), text_of(p.pid()), text_of(p.name())};
  if (p.has_rank()) out.rank = p.rank();
  out.world_size = p.world_size();
  out.node = p.node();
  check(out.rank.value_or(0) >= 0 && out.world_size >= 0 && out.node >= -1,
        "a rank, world size or node is negative");
  return out;
}

Device decode(const wire::Device& d) {
  Device out;
  out.process = d.process();
  out.index = d.index();
  out.name = text_of(d.name());
  out.uuid = text_of(d.uuid());
  out.sm_count = d.sm_count();
  out.compute_major = d.compute_major();
  out.compute_minor = d.compute_minor();
  out.max_threads_per_sm = d.max_threads_per_sm();
  out.max_blocks_per_sm = d.max_blocks_per_sm();
  out.registers_per_sm = d.registers_per_sm();
  out.shared_memory_per_sm = d.shared_memory_per_sm();
  out.shared_memory_per_block_max = d.shared_memory_per_block_max();
  out.on_cpu = d.on_cpu();
  check(out.sm_count >= 0 && out.sm_count <= kMaxSmCount, "a number of SMs is out of range");
  check(out.index >= 0 && out.max_threads_per_sm >= 0 && out.max_blocks_per_sm >= 0 &&
            out.registers_per_sm >= 0 && out.shared_memory_per_sm >= 0 &&
            out.shared_memory_per_block_max >= 0,
        "a limit of a device is negative");
  return out;
}

Track decode(const wire::Track& t) {
  check(t.type() <= static_cast<std::uint32_t>(TrackType::Other), "a track has an unknown type");
  check(t.device() >= -1, "a device number is negative");
  return {t.process(), static_cast<TrackType>(t.type()), t.device(), t.id(), text_of(t.name())};
}

LaunchConfig decode(const wire::Launch& l) {
  check(l.grid_size() == 3 && l.block_size() == 3 && l.cluster_size() == 3,
        "a launch does not have three dimensions");
  LaunchConfig out;
  for (int i = 0; i < 3; ++i) {
    out.grid[static_cast<std::size_t>(i)] = l.grid(i);
    out.block[static_cast<std::size_t>(i)] = l.block(i);
    out.cluster[static_cast<std::size_t>(i)] = l.cluster(i);
  }
  out.registers_per_thread = l.registers_per_thread();
  out.shared_memory = l.shared_memory();
  return out;
}

TraceInfo decode(const wire::Info& info) {
  TraceInfo out;
  out.format = text_of(info.format());
  out.producer = text_of(info.producer());
  if (info.has_start_epoch_ns()) out.start_epoch_ns = info.start_epoch_ns();
  out.events = info.events();
  for (const auto& [reason, count] : info.skipped()) out.skipped[text_of(reason)] = count;
  for (const auto& [key, value] : info.extra()) out.extra[text_of(key)] = text_of(value);
  for (const auto& warning : info.warnings()) out.warnings.push_back(text_of(warning));
  return out;
}

bool same(const Process& a, const Process& b) {
  return a.label == b.label && a.pid == b.pid && a.rank == b.rank && a.node == b.node;
}
bool same(const Track& a, const Track& b) {
  return a.process == b.process && a.type == b.type && a.id == b.id && a.name == b.name;
}

}  // namespace

struct BatchReader::State {
  RecordingSink& sink;
  std::string source;
  std::uint64_t run;

  // Known of the run.
  std::vector<StringId> strings{};  ///< ours, by id of the node
  std::size_t string_bytes = 0;
  std::vector<LaunchId> launches{};
  std::vector<Process> processes{};
  std::vector<Track> tracks{};
  std::vector<TimeNs> last_start{};  ///< of a track
  std::size_t devices = 0;
  std::vector<std::pair<TimeNs, std::string>> plans{};  ///< time and name
  // Of this subscription: what was defined in it.
  std::uint64_t sequence = 0;
  std::size_t strings_seen = 0, launches_seen = 0, processes_seen = 0, tracks_seen = 0,
              devices_seen = 0;
  std::string place{};
  std::optional<TimeRange> ends{};  ///< of the records of this batch

  void saw_end(TimeNs end) {
    if (!ends) ends = TimeRange{end, end};
    ends = TimeRange{std::min(ends->begin, end), std::max(ends->end, end)};
  }

  void define(const wire::Definitions& definitions);
  void define_string(const std::string& text);
  void add_spans(const wire::Spans& spans);
  void add_sm_records(const wire::SmRecords& records);
  void add_counter(const wire::Counter& counter);
  void add_note(const wire::Note& note);
  void add_loads(const wire::LoadRow& row);
  void add_loss(const wire::Loss& loss);
  Result read(const wire::Batch& batch);
};

void BatchReader::State::define_string(const std::string& text) {
  text_of(text);
  const std::size_t id = strings_seen++;
  if (id < strings.size()) {
    check(sink.strings()[strings[id]] == text, "a string differs from the one sent before");
    return;
  }
  string_bytes += text.size();
  check(strings.size() < kMaxStrings && string_bytes <= kMaxStringBytes, "too many strings");
  strings.push_back(sink.strings().intern(text));
}

void BatchReader::State::define(const wire::Definitions& definitions) {
  place = "definitions";
  for (const auto& text : definitions.strings()) define_string(text);
  for (const auto& p : definitions.processes()) {
    const Process process = decode(p);
    if (processes_seen++ < processes.size()) {
      check(same(process, processes[processes_seen - 1]), "a process differs from before");
      continue;
    }
    check(processes.size() < kMaxProcesses, "too many processes");
    processes.push_back(process);
    sink.add_process(process);
  }
  for (const auto& d : definitions.devices()) {
    const Device device = decode(d);
    check(device.process < processes.size(), "a device of an unknown process");
    if (devices_seen++ < devices) continue;
    check(devices < kMaxProcesses, "too many devices");
    ++devices;
    sink.add_device(device);
  }
  for (const auto& t : definitions.tracks()) {
    const Track track = decode(t);
    check(track.process < processes.size(), "a track of an unknown process");
    if (tracks_seen++ < tracks.size()) {
      check(same(track, tracks[tracks_seen - 1]), "a track differs from before");
      continue;
    }
    check(tracks.size() < kMaxTracks, "too many tracks");
    tracks.push_back(track);
    last_start.push_back(0);
    sink.add_track(track);
  }
  for (const auto& l : definitions.launches()) {
    const LaunchConfig launch = decode(l);
    if (launches_seen++ < launches.size()) continue;
    check(launches.size() < kMaxLaunches, "too many launches");
    launches.push_back(sink.intern_launch(launch));
  }
  for (const auto& p : definitions.plans()) {
    PlanRow plan{checked_time(p.time()), text_of(p.name()), p.json()};
    std::pair key{plan.time, plan.name};
    if (std::find(plans.begin(), plans.end(), key) != plans.end()) continue;
    check(plans.empty() || plan.time >= plans.back().first, "plans are not in order of time");
    plans.push_back(std::move(key));
    sink.add_plan(std::move(plan));
  }
  if (definitions.has_info()) sink.set_info(decode(definitions.info()));
}

void BatchReader::State::add_spans(const wire::Spans& s) {
  place = fmt::format("spans of track {}", s.track());
  check(s.track() < tracks.size(), "the track is unknown");
  const int rows = s.start_size();
  check(s.duration_size() == rows && s.name_size() == rows && s.correlation_size() == rows &&
            s.kind().size() == static_cast<std::size_t>(rows) &&
            (s.launch_size() == 0 || s.launch_size() == rows) &&
            (s.args_length_size() == 0 || s.args_length_size() == rows),
        "columns differ in length");
  if (rows == 0) return;
  SpanBatch batch;
  batch.columns.reserve(static_cast<std::size_t>(rows));
  Sum64 start;
  Sum32 correlation;
  TimeNs before = last_start[s.track()];
  for (int i = 0; i < rows; ++i) {
    Span span;
    span.start = start(s.start(i));
    check(span.start >= before, "spans are not in order of start");
    before = span.start;
    span.duration = checked_length(s.duration(i));
    saw_end(span.end());
    check(s.name(i) < strings.size(), "a name without a string");
    span.name = strings[s.name(i)];
    span.correlation = correlation(s.correlation(i));
    if (s.launch_size() > 0) {
      check(s.launch(i) < launches.size(), "a launch without a description");
      span.launch = launches[s.launch(i)];
    }
    const auto kind = static_cast<std::uint8_t>(s.kind()[static_cast<std::size_t>(i)]);
    check(kind < kSpanKindCount, "a span of unknown kind");
    span.kind = static_cast<SpanKind>(kind);
    batch.columns.push_back(span);
  }
  batch.columns.depth.clear();
  if (s.args_length_size() > 0) {
    std::uint64_t total = 0;
    batch.args_offsets.push_back(0);
    for (const auto length : s.args_length()) {
      total += length;
      check(total <= s.args().size(), "arguments are shorter than their lengths");
      batch.args_offsets.push_back(static_cast<std::uint32_t>(total));
    }
    check(total == s.args().size(), "arguments are longer than their lengths");
    batch.args_text = s.args();
  }
  last_start[s.track()] = before;
  sink.append(s.track(), std::move(batch));
}

void BatchReader::State::add_sm_records(const wire::SmRecords& r) {
  place = "SM records";
  const int rows = r.start_size();
  check(r.length_size() == rows && r.process_size() == rows && r.device_size() == rows &&
            r.sm_size() == rows && r.correlation_size() == rows,
        "columns differ in length");
  std::vector<SmRecord> records;
  records.reserve(static_cast<std::size_t>(rows));
  Sum64 start;
  Sum32 correlation;
  for (int i = 0; i < rows; ++i) {
    const TimeNs begin = start(r.start(i));
    check(r.process(i) < processes.size(), "a record of an unknown process");
    check(r.device(i) >= -1, "a device number is negative");
    check(r.sm(i) < static_cast<std::uint32_t>(kMaxSmCount), "an SM number is out of range");
    records.push_back({begin, begin + checked_length(r.length(i)), r.process(i), r.device(i),
                       r.sm(i), correlation(r.correlation(i))});
    saw_end(records.back().end);
  }
  if (!records.empty()) sink.add_sm_records(std::move(records));
}

void BatchReader::State::add_counter(const wire::Counter& c) {
  place = "a counter";
  check(c.process() < processes.size(), "of an unknown process");
  check(c.device() >= -1, "a device number is negative");
  check(c.times_size() == c.values_size(), "columns differ in length");
  CounterSeries series{c.process(), c.device(), text_of(c.name()), text_of(c.unit()), {}, {}};
  Sum64 time;
  for (int i = 0; i < c.times_size(); ++i) {
    series.times.push_back(time(c.times(i)));
    check(i == 0 || series.times.back() >= series.times[static_cast<std::size_t>(i) - 1],
          "times are not in order");
    check(std::isfinite(c.values(i)), "a value is not a number");
    series.values.push_back(c.values(i));
  }
  sink.add_counter(std::move(series));
}

void BatchReader::State::add_note(const wire::Note& n) {
  place = "a note";
  check(!n.has_track() || n.track() < tracks.size(), "the track is unknown");
  Note note{.time = checked_time(n.time()), .text = text_of(n.text())};
  if (n.has_track()) note.track = n.track();
  sink.add_note(std::move(note));
}

void BatchReader::State::add_loads(const wire::LoadRow& r) {
  place = "expert loads";
  LoadRow row;
  row.begin = checked_time(r.begin());
  row.end = checked_time(r.end());
  check(row.begin <= row.end, "a window ends before it begins");
  check(r.layer() >= 0 && r.layer() < kMaxLayer, "a layer is out of range");
  row.layer = r.layer();
  check(r.space() == "logical" || r.space() == "physical", "neither logical nor physical");
  row.space = r.space();
  check(!r.has_rank() || (r.rank() >= 0 && r.rank() < static_cast<int>(kMaxProcesses)),
        "a rank is out of range");
  if (r.has_rank()) row.rank = r.rank();
  check(r.counts_size() <= kMaxExperts, "too many experts");
  row.counts.assign(r.counts().begin(), r.counts().end());
  sink.add_loads(std::move(row));
}

void BatchReader::State::add_loss(const wire::Loss& l) {
  place = "losses";
  Loss loss;
  const auto kind = from_wire(l.kind());
  check(kind.has_value(), "of an unknown kind");
  loss.kind = *kind;
  check(!l.has_process() || l.process() < processes.size(), "of an unknown process");
  check(!l.has_track() || l.track() < tracks.size(), "of an unknown track");
  if (l.has_process()) loss.process = l.process();
  if (l.has_track()) loss.track = l.track();
  loss.when = {checked_time(l.begin()), checked_time(l.end())};
  check(loss.when.begin <= loss.when.end, "one ends before it begins");
  check(l.count() <= static_cast<std::uint64_t>(kMaxTime), "a count is out of range");
  if (l.has_count()) loss.count = l.count();
  loss.reason = text_of(l.reason());
  sink.add_loss(std::move(loss));
}

BatchReader::Result BatchReader::State::read(const wire::Batch& batch) {
  place = fmt::format("batch {}", batch.sequence());
  check(batch.sequence() == sequence + 1, "is not the next one");
  if (sequence == 0) {
    check(batch.has_begin(), "the first batch names no protocol");
    if (batch.begin().protocol() != kClusterProtocol)
      throw std::invalid_argument(fmt::format("is of protocol {}, this program speaks {}",
                                              batch.begin().protocol(), kClusterProtocol));
    check(batch.begin().run() == run, "comes from another run of the node");
  }
  ++sequence;
  define(batch.definitions());
  for (const auto& loss : batch.losses()) add_loss(loss);
  ends.reset();
  Result result;
  for (const auto& spans : batch.spans()) {
    add_spans(spans);
    result.spans += static_cast<std::uint64_t>(spans.start_size());
  }
  for (const auto& records : batch.sm_records()) add_sm_records(records);
  for (const auto& counter : batch.counters()) add_counter(counter);
  for (const auto& note : batch.notes()) add_note(note);
  for (const auto& row : batch.loads()) add_loads(row);
  result.ends = ends;
  result.dropped_batches = batch.dropped_batches();
  result.dropped_spans = batch.dropped_spans();
  result.ended = batch.has_end();
  result.end_reason = text_of(batch.end().reason());
  return result;
}

BatchReader::BatchReader(RecordingSink& sink, std::string source, std::uint64_t run)
    : state_(new State{sink, std::move(source), run}) {}
BatchReader::~BatchReader() = default;

void BatchReader::restart() {
  State& s = *state_;
  s.sequence = 0;
  s.strings_seen = s.launches_seen = s.processes_seen = s.tracks_seen = s.devices_seen = 0;
}

BatchReader::Result BatchReader::read(std::string_view bytes) {
  constexpr const char* kRemedy =
      "the node is broken or is not a moescope-node of this version; reconnect, or update both";
  if (bytes.size() > kMaxBatchBytes)
    throw Error(state_->source, "", fmt::format("sent a batch of {} bytes", bytes.size()), kRemedy);
  wire::Batch batch;
  if (!batch.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    throw Error(state_->source, fmt::format("after batch {}", state_->sequence),
                "sent bytes that are not a batch", kRemedy);
  try {
    const Result result = state_->read(batch);
    state_->sink.end_round();
    return result;
  } catch (const std::invalid_argument& problem) {
    throw Error(state_->source, fmt::format("batch {}, {}", batch.sequence(), state_->place),
                problem.what(), kRemedy);
  }
}

}  // namespace moescope
