#include "core/trace/file/moetrace_writer.h"

#include <sqlite3.h>

#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/parallel.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_schema.h"
#include "core/trace/file/moetrace_tables.h"
#include "core/trace/file/recording_file.h"
#include "core/trace/lanes.h"
#include "core/trace/launch_ids.h"

namespace moescope {
namespace {

/// Full chunks that may wait for the background thread before append() stores them itself.
constexpr std::size_t kMaxWaitingChunks = 64;
/// What grows is stored again with every commit: beyond this size and so many times it would cost
/// more than smaller chunks do.
constexpr std::size_t kLeastChunkSpans = 1024;
constexpr int kMaxStored = 2;
/// Spans of a commit from which on all cores encode them; fewer take what is recorded no core.
constexpr std::size_t kManySpans = 16 * kChunkSpans;
/// A chunk is also full when its arguments are this long.
constexpr std::size_t kMaxChunkArgs = std::size_t{64} << 20;

/// Spans of one track that are not in a full chunk yet. Stored with every commit, each time in the
/// place of the shorter version: a reader that knows the shorter one finds it as the beginning.
struct Tail {
  std::size_t seq = 0;
  SpanColumns columns;
  std::string args_text;
  std::vector<std::uint32_t> args_offsets;
  TimeNs last_start = std::numeric_limits<TimeNs>::min();
  bool changed = false;
  int stored = 0;  ///< times
  LaneAssigner lanes;

  bool full() const { return columns.size() >= kChunkSpans || args_text.size() >= kMaxChunkArgs; }

  void add(const Span& span, std::string_view args) {
    columns.push_back(span);
    if (!args.empty() && args_offsets.empty()) args_offsets.assign(columns.size(), 0);
    args_text += args;
    if (!args_offsets.empty()) args_offsets.push_back(static_cast<std::uint32_t>(args_text.size()));
    last_start = span.start;
    changed = true;
  }
};

/// A copy of spans to be encoded outside the lock.
struct WaitingChunk {
  TrackId track = 0;
  std::size_t seq = 0;
  SpanColumns columns;
  std::string args_text;
  std::vector<std::uint32_t> args_offsets;
};

/// All that a commit writes.
struct Pending {
  std::vector<Process> processes;
  std::vector<Device> devices;
  std::vector<Track> tracks;
  std::vector<LaunchConfig> launches;
  std::vector<WaitingChunk> chunks;
  std::vector<SmRecord> sm_records;
  std::vector<CounterSeries> counters;
  std::vector<Note> notes;
  std::vector<LoadRow> loads;
  std::vector<PlanRow> plans;
  std::vector<std::pair<std::size_t, Loss>> losses;  ///< by row
  std::optional<TraceInfo> info;
  std::uint64_t spans = 0;  ///< appended so far
};

}  // namespace

struct MoetraceWriter::State {
  explicit State(const std::filesystem::path& target) : path(target), file(target) {}

  std::filesystem::path path;
  StringTable strings;

  std::mutex mutex;  ///< guards what is appended
  Pending pending;
  std::vector<Tail> tails;
  std::size_t processes = 0;
  LaunchIds launch_ids;
  LossList losses;
  std::set<std::size_t> losses_changed;  ///< rows, since the last commit
  bool changed = false;
  std::uint64_t spans = 0;  ///< appended
  bool recorded = false;    ///< anything worth to replace the target for

  std::mutex database_mutex;  ///< taken before `mutex`
  RecordingFile file;
  ProcessId processes_written = 0;
  TrackId tracks_written = 0;
  LaunchId launches_written = 1;  ///< the empty configuration is in every file
  std::size_t devices_written = 0, counters_written = 0, notes_written = 0;
  std::size_t strings_written = 1;

  bool finished = false;
  bool events_known = false;  ///< by set_info()

  std::mutex stop_mutex;
  std::condition_variable stop_signal;
  bool stopping = false;
  std::exception_ptr failure;  ///< of the background thread, under `mutex`
  std::thread thread;

  void run(std::chrono::milliseconds interval);
  void stop();
  void rethrow_failure();
  void seal(TrackId track, Tail& tail);
  Pending take();
  void commit(bool even_without_records);
  void store(const Pending& work, const std::vector<tables::EncodedChunk>& chunks,
             std::size_t string_count);
};

void MoetraceWriter::State::run(std::chrono::milliseconds interval) {
  std::unique_lock lock(stop_mutex);
  // From begin to begin, so that a slow disk does not add its time to the interval.
  auto next = std::chrono::steady_clock::now() + interval;
  while (!stop_signal.wait_until(lock, next, [&] { return stopping; })) {
    lock.unlock();
    next = std::chrono::steady_clock::now() + interval;
    try {
      commit(false);
    } catch (...) {
      std::lock_guard guard(mutex);
      failure = std::current_exception();
    }
    lock.lock();
  }
}

void MoetraceWriter::State::stop() {
  {
    std::lock_guard lock(stop_mutex);
    stopping = true;
  }
  stop_signal.notify_all();
  if (thread.joinable()) thread.join();
}

void MoetraceWriter::State::rethrow_failure() {
  if (failure) std::rethrow_exception(failure);
}

/// Moves a full tail to the chunks that wait.
void MoetraceWriter::State::seal(TrackId track, Tail& tail) {
  pending.chunks.push_back({track, tail.seq, std::move(tail.columns), std::move(tail.args_text),
                            std::move(tail.args_offsets)});
  tail.columns = {};
  tail.args_text.clear();
  tail.args_offsets.clear();
  tail.changed = false;
  tail.stored = 0;
  ++tail.seq;
}

Pending MoetraceWriter::State::take() {
  for (std::size_t track = 0; track < tails.size(); ++track) {
    Tail& tail = tails[track];
    if (!std::exchange(tail.changed, false)) continue;
    if (++tail.stored >= kMaxStored && tail.columns.size() >= kLeastChunkSpans) {
      seal(static_cast<TrackId>(track), tail);
      continue;
    }
    pending.chunks.push_back(
        {static_cast<TrackId>(track), tail.seq, tail.columns, tail.args_text, tail.args_offsets});
  }
  for (const std::size_t row : losses_changed) pending.losses.emplace_back(row, losses.all()[row]);
  losses_changed.clear();
  pending.spans = spans;
  changed = false;
  return std::exchange(pending, {});
}

void MoetraceWriter::State::commit(bool even_without_records) {
  std::lock_guard database_lock(database_mutex);
  Pending work;
  std::size_t string_count = 0;
  {
    std::lock_guard lock(mutex);
    rethrow_failure();
    string_count = strings.size();
    if (!file.in_place() && !recorded && !even_without_records) return;
    if (file.in_place() && !changed && string_count == strings_written) return;
    work = take();
  }
  std::vector<tables::EncodedChunk> chunks(work.chunks.size());
  std::size_t rows = 0;
  for (const auto& chunk : work.chunks) rows += chunk.columns.size();
  const auto encode = [&](std::size_t i) {
    const auto& c = work.chunks[i];
    chunks[i] = tables::encode_chunk(c.track, c.seq, c.columns,
                                     ArgsBlock::compress(c.args_text, c.args_offsets).compressed(),
                                     path.string());
  };
  try {
    parallel_for(chunks.size(), encode, rows < kManySpans ? 1 : 0);
    if (!file.in_place()) file.put_in_place();
    file.check();
    file.database().execute("BEGIN IMMEDIATE");
    store(work, chunks, string_count);
    file.database().execute("COMMIT");
    file.committed();
  } catch (...) {
    file.roll_back();
    // What was taken is lost: every later call must fail too.
    std::lock_guard lock(mutex);
    failure = std::current_exception();
    throw;
  }
}

void MoetraceWriter::State::store(const Pending& work,
                                  const std::vector<tables::EncodedChunk>& chunks,
                                  std::size_t string_count) {
  sqlite::Database* database = &file.database();
  if (work.info) {
    tables::write_info(*database, *work.info);
    events_known = work.info->events > 0;
  }
  if (!events_known) tables::write_event_count(*database, work.spans);
  for (const auto& p : work.processes) tables::write_process(*database, processes_written++, p);
  for (const auto& d : work.devices) tables::write_device(*database, devices_written++, d);
  for (const auto& t : work.tracks) tables::write_track(*database, tracks_written++, t);
  for (const auto& l : work.launches) tables::write_launch(*database, launches_written++, l);
  tables::write_strings(*database, strings, strings_written, string_count);
  strings_written = string_count;
  for (const auto& chunk : chunks) tables::write_chunk(*database, chunk);
  tables::write_sm_records(*database, work.sm_records);
  for (const auto& c : work.counters) tables::write_counter(*database, counters_written++, c);
  for (const auto& n : work.notes) tables::write_note(*database, notes_written++, n);
  for (const auto& [row, l] : work.losses) tables::write_loss(*database, row, l);
  for (const auto& l : work.loads) tables::write_loads(*database, l);
  for (const auto& p : work.plans) tables::write_plan(*database, p);
}

MoetraceWriter::MoetraceWriter(const std::filesystem::path& path,
                               std::chrono::milliseconds commit_interval) {
  state_ = std::make_unique<State>(path);
  state_->thread =
      std::thread([state = state_.get(), commit_interval] { state->run(commit_interval); });
}

MoetraceWriter::~MoetraceWriter() {
  state_->stop();
  try {
    if (!state_->finished) state_->commit(false);
  } catch (const std::exception&) {
    // flush() and finish() report errors.
  }
}

StringTable& MoetraceWriter::strings() {
  return state_->strings;
}

ProcessId MoetraceWriter::add_process(Process process) {
  std::lock_guard lock(state_->mutex);
  state_->pending.processes.push_back(std::move(process));
  state_->changed = true;
  return static_cast<ProcessId>(state_->processes++);
}

void MoetraceWriter::add_device(Device device) {
  std::lock_guard lock(state_->mutex);
  state_->pending.devices.push_back(std::move(device));
  state_->changed = true;
}

TrackId MoetraceWriter::add_track(Track track) {
  std::lock_guard lock(state_->mutex);
  state_->pending.tracks.push_back(std::move(track));
  state_->tails.emplace_back();
  state_->changed = true;
  return static_cast<TrackId>(state_->tails.size() - 1);
}

LaunchId MoetraceWriter::intern_launch(const LaunchConfig& launch) {
  std::lock_guard lock(state_->mutex);
  std::vector<LaunchConfig>& pending = state_->pending.launches;
  const std::size_t before = pending.size();
  const LaunchId id = state_->launch_ids.intern(launch, pending);
  if (pending.size() > before) state_->changed = true;
  return id;
}

void MoetraceWriter::append(TrackId track, SpanBatch batch) {
  check_batch(batch);
  std::size_t waiting = 0;
  {
    std::lock_guard lock(state_->mutex);
    state_->rethrow_failure();
    Tail& tail = state_->tails.at(track);
    const auto& columns = batch.columns;
    if (columns.size() == 0) return;
    if (columns.start.front() < tail.last_start)
      throw std::invalid_argument("a batch must not start before the last span of its track");
    state_->spans += columns.size();
    const bool has_args = !batch.args_offsets.empty();
    const bool has_depth = !columns.depth.empty();
    batch.columns.depth.resize(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      Span span = columns.at(i);
      if (!has_depth) span.depth = tail.lanes.assign(span.start, span.end());
      std::string_view args;
      if (has_args)
        args =
            std::string_view(batch.args_text)
                .substr(batch.args_offsets[i], batch.args_offsets[i + 1] - batch.args_offsets[i]);
      tail.add(span, args);
      if (tail.full()) state_->seal(track, tail);
    }
    state_->changed = state_->recorded = true;
    waiting = state_->pending.chunks.size();
  }
  if (waiting >= kMaxWaitingChunks) flush();
}

void MoetraceWriter::add_sm_records(std::vector<SmRecord> records) {
  std::lock_guard lock(state_->mutex);
  auto& all = state_->pending.sm_records;
  all.insert(all.end(), records.begin(), records.end());
  state_->changed = state_->recorded = true;
}

void MoetraceWriter::add_counter(CounterSeries series) {
  std::lock_guard lock(state_->mutex);
  state_->pending.counters.push_back(std::move(series));
  state_->changed = state_->recorded = true;
}

void MoetraceWriter::add_note(Note note) {
  std::lock_guard lock(state_->mutex);
  state_->pending.notes.push_back(std::move(note));
  state_->changed = true;
}

void MoetraceWriter::add_loss(Loss loss) {
  std::lock_guard lock(state_->mutex);
  state_->losses_changed.insert(state_->losses.add(std::move(loss)));
  state_->changed = true;
}

void MoetraceWriter::add_loads(LoadRow row) {
  std::lock_guard lock(state_->mutex);
  state_->pending.loads.push_back(std::move(row));
  state_->changed = state_->recorded = true;
}

void MoetraceWriter::add_plan(PlanRow row) {
  std::lock_guard lock(state_->mutex);
  state_->pending.plans.push_back(std::move(row));
  state_->changed = true;
}

void MoetraceWriter::set_info(TraceInfo info) {
  std::lock_guard lock(state_->mutex);
  state_->pending.info = std::move(info);
  state_->changed = true;
}

void MoetraceWriter::flush() {
  state_->commit(true);
}

bool MoetraceWriter::in_place() const {
  return state_->file.in_place();
}

bool MoetraceWriter::has_records() const {
  std::lock_guard lock(state_->mutex);
  return state_->recorded;
}

void MoetraceWriter::finish(Progress& progress) {
  state_->stop();
  state_->commit(true);
  auto& database = state_->file.database();
  {
    const TracePtr trace = open_moetrace(state_->path);
    database.execute("BEGIN IMMEDIATE");
    tables::write_summaries(database, *trace, progress);
    database.execute("COMMIT");
  }
  state_->finished = true;
  state_->file.close();
}

}  // namespace moescope
