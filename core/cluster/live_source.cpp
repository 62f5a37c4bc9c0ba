#include "core/cluster/live_source.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "core/cluster/wire/batch.h"
#include "core/cluster/wire/transport.h"
#include "core/error.h"
#include "core/trace/file/moetrace_writer.h"

namespace moescope {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kRateWindow = std::chrono::seconds(2);
/// Pauses between attempts to reach a node that does not answer: the first, doubled up to the last.
constexpr auto kFirstPause = milliseconds(250), kLastPause = milliseconds(4000);
/// Credits are given back in parts of the window: one message a batch would cost as much as a
/// batch.
constexpr std::uint32_t kCreditParts = 8;

/// What came in the last seconds.
class RateMeter {
 public:
  void add(std::size_t bytes, std::uint64_t spans) {
    const auto now = Clock::now();
    samples_.push_back({now, bytes, spans});
    while (samples_.front().time < now - kRateWindow) samples_.pop_front();
  }
  LiveRates rates() const {
    const auto since = Clock::now() - kRateWindow;
    LiveRates sum;
    for (const Sample& s : samples_) {
      if (s.time < since) continue;
      sum.bytes_per_second += static_cast<double>(s.bytes);
      sum.spans_per_second += static_cast<double>(s.spans);
      sum.batches_per_second += 1;
    }
    const double seconds = std::chrono::duration<double>(kRateWindow).count();
    return {sum.bytes_per_second / seconds, sum.spans_per_second / seconds,
            sum.batches_per_second / seconds};
  }

 private:
  struct Sample {
    Clock::time_point time;
    std::size_t bytes = 0;
    std::uint64_t spans = 0;
  };
  std::deque<Sample> samples_;
};

/// A recording that may fail without ending the view: after an error it takes nothing more.
class GuardedWriter final : public RecordingSink {
 public:
  explicit GuardedWriter(const std::filesystem::path& path) : path_(path), writer_(path) {}

  StringTable& strings() override { return writer_.strings(); }
  ProcessId add_process(Process p) override { return writer_.add_process(std::move(p)); }
  void add_device(Device d) override { writer_.add_device(std::move(d)); }
  TrackId add_track(Track t) override { return writer_.add_track(std::move(t)); }
  LaunchId intern_launch(const LaunchConfig& l) override { return writer_.intern_launch(l); }
  void append(TrackId track, SpanBatch batch) override {
    guard([&] { writer_.append(track, std::move(batch)); });
  }
  void add_sm_records(std::vector<SmRecord> r) override {
    guard([&] { writer_.add_sm_records(std::move(r)); });
  }
  void add_counter(CounterSeries c) override {
    guard([&] { writer_.add_counter(std::move(c)); });
  }
  void add_note(Note n) override {
    guard([&] { writer_.add_note(std::move(n)); });
  }
  void add_loss(Loss loss) override {
    guard([&] { writer_.add_loss(std::move(loss)); });
  }
  void set_info(TraceInfo info) override {
    guard([&] { writer_.set_info(std::move(info)); });
  }
  void add_loads(LoadRow row) override {
    guard([&] { writer_.add_loads(std::move(row)); });
  }
  void add_plan(PlanRow row) override {
    guard([&] { writer_.add_plan(std::move(row)); });
  }
  void finish() {
    Progress progress;
    guard([&] { writer_.finish(progress); });
  }
  const std::filesystem::path& path() const { return path_; }
  const std::string& error() const { return error_; }

 private:
  template <typename Write>
  void guard(Write write) {
    if (!error_.empty()) return;
    try {
      write();
    } catch (const Error& error) {
      error_ = error.what();
    }
  }
  std::filesystem::path path_;
  MoetraceWriter writer_;
  std::string error_;
};

/// The place of the recording of the n-th run of a node that is watched, or of a later number:
/// nobody has allowed to replace what is there.
std::filesystem::path numbered(const std::filesystem::path& path, int run) {
  if (run == 1) return path;
  for (;; ++run) {
    const auto name = path.stem().string() + fmt::format("-{}", run) + path.extension().string();
    std::error_code ignored;
    if (!std::filesystem::exists(path.parent_path() / name, ignored))
      return path.parent_path() / name;
  }
}

}  // namespace

/// What one run of the node gave.
struct LiveRun {
  LiveRun(std::uint64_t number, std::size_t max_held, const std::string& source,
          std::unique_ptr<GuardedWriter> recording)
      : run(number),
        trace(max_held, recording ? recording->path().string() : source),
        writer(std::move(recording)) {
    if (writer) tee.emplace(trace, *writer);
    reader = std::make_unique<BatchReader>(sink(), source, run);
  }
  RecordingSink& sink() { return tee ? static_cast<RecordingSink&>(*tee) : trace; }
  /// What came between the last record received and the first one after a new connection is
  /// missing.
  void reconnected() { gap_begin = last_end; }
  void received(const BatchReader::Result& result) {
    if (!result.ends) return;
    if (gap_begin)
      sink().add_loss({LossKind::Disconnected,
                       {},
                       {},
                       {*gap_begin, std::max(*gap_begin, result.ends->begin)},
                       {},
                       "the connection to the node was lost"});
    gap_begin.reset();
    last_end = std::max(last_end.value_or(0), result.ends->end);
  }

  std::uint64_t run;
  LiveTrace trace;
  std::unique_ptr<GuardedWriter> writer;
  std::optional<RecordingTee> tee;
  std::unique_ptr<BatchReader> reader;
  std::optional<TimeNs> last_end;   ///< of a record received
  std::optional<TimeNs> gap_begin;  ///< while nothing came since a new connection
};

struct LiveSource::State {
  std::shared_ptr<ClusterClient> client;
  LiveOptions options;
  std::function<void()> on_change;

  mutable std::mutex mutex;  ///< guards all below but the thread
  std::condition_variable wake;
  std::atomic<LiveState> state{LiveState::Connecting};  ///< also read without the mutex
  std::string reason;
  bool stopping = false, retry = false;
  std::unique_ptr<TelemetryStream> stream;
  std::unique_ptr<LiveRun> run;
  int runs = 0;
  std::unique_ptr<GuardedWriter> first_writer;
  std::uint64_t earlier_generations = 0;
  std::uint64_t batches = 0, bytes = 0, spans = 0;
  LiveDrops drops, earlier_drops;
  RateMeter meter;
  bool changed = true;  ///< since the last snapshot
  LiveSnapshotPtr last;
  std::once_flag joined;
  std::thread thread;
  bool came = false;  ///< a batch, over this connection; of the thread

  // Of the thread that calls on_change, so that calls keep their distance and none is missed.
  std::mutex notice_mutex;
  std::condition_variable notice_wake;
  bool news = true, closing = false;
  std::thread notifier;

  /// Attempts to reach a node that does not answer.
  struct Attempts {
    milliseconds pause = kFirstPause;
    std::optional<Clock::time_point> gone_since;
  };

  void work();
  bool attempt(Attempts& attempts);
  void connect();
  void receive();
  void take(const std::string& batch);
  void become(LiveState next, const std::string& why);
  void notice();
  void notify();
  LiveSnapshotPtr make_snapshot();
};

void LiveSource::State::work() {
  Attempts attempts;
  for (;;) {
    const bool again = attempt(attempts);
    std::unique_lock lock(mutex);
    stream.reset();
    if (stopping || state == LiveState::Ended) break;
    const auto wanted = [&] { return stopping || retry; };
    if (again) {
      wake.wait_for(lock, attempts.pause, wanted);
      attempts.pause = std::min(attempts.pause * 2, kLastPause);
    } else {
      wake.wait(lock, wanted);
      attempts = {};
    }
    if (stopping) break;
    retry = false;
    lock.unlock();
    if (!again) become(LiveState::Connecting, "");
  }
  std::lock_guard lock(mutex);
  if (run && run->writer) run->writer->finish();
  changed = true;
  notice();
}

/// Follows the node until it is lost or ended; true when it is worth trying again by itself.
bool LiveSource::State::attempt(Attempts& attempts) {
  std::string why;
  bool gone = false, transient = false;
  came = false;
  try {
    connect();
    receive();
    if (state == LiveState::Ended) return false;
    why = "the node ended the subscription";
    transient = true;
  } catch (const ConnectionError& error) {
    why = error.what();
    gone = error.gone();
    transient = true;
  } catch (const std::exception& error) {
    why = error.what();
  }
  if (came) attempts = {};
  if (!gone) attempts.gone_since.reset();
  if (gone && !attempts.gone_since) attempts.gone_since = Clock::now();
  const bool again = transient && options.patience.count() > 0 &&
                     (!gone || Clock::now() - *attempts.gone_since < options.patience);
  become(again ? LiveState::Waiting : LiveState::Lost, why);
  return again;
}

/// Subscribes; goes on with the trace when it is the same run of the node, else starts a new one.
void LiveSource::State::connect() {
  const NodeHello hello = client->hello();
  auto opened = client->transport().subscribe(options.credits);
  std::lock_guard lock(mutex);
  earlier_drops = drops;
  if (run && run->run == hello.run) {
    run->reader->restart();
    run->reconnected();
  } else {
    if (run) {
      if (run->writer) run->writer->finish();
      earlier_generations += run->trace.generation() + 1;
    }
    ++runs;
    auto writer = std::move(first_writer);
    if (!writer && !options.recording.empty())
      writer = std::make_unique<GuardedWriter>(numbered(options.recording, runs));
    run =
        std::make_unique<LiveRun>(hello.run, options.max_held, client->target(), std::move(writer));
  }
  stream = std::move(opened);
  if (stopping) stream->cancel();
}

void LiveSource::State::receive() {
  TelemetryStream* from = nullptr;
  {
    std::lock_guard lock(mutex);
    from = stream.get();
  }
  std::string batch;
  std::uint32_t taken = 0;
  while (from->read(batch)) {
    take(batch);
    came = true;
    if (++taken >= std::max(options.credits / kCreditParts, 1U))
      from->grant(std::exchange(taken, 0));
    notice();
    std::lock_guard lock(mutex);
    if (state == LiveState::Ended) return;
  }
  std::unique_lock lock(mutex);
  const bool asked = stopping;
  lock.unlock();
  if (asked) become(LiveState::Ended, "stopped");
}

void LiveSource::State::take(const std::string& batch) {
  std::unique_lock lock(mutex);
  const BatchReader::Result result = run->reader->read(batch);
  run->received(result);
  ++batches;
  bytes += batch.size();
  spans += result.spans;
  drops.batches = earlier_drops.batches + result.dropped_batches;
  drops.spans = earlier_drops.spans + result.dropped_spans;
  meter.add(batch.size(), result.spans);
  changed = true;
  const bool first = state == LiveState::Connecting || state == LiveState::Waiting;
  lock.unlock();
  if (result.ended)
    become(LiveState::Ended, result.end_reason);
  else if (first)
    become(LiveState::Live, "");
}

void LiveSource::State::become(LiveState next, const std::string& why) {
  {
    std::lock_guard lock(mutex);
    // A requested end is not a loss, whatever the stream reports.
    if ((next == LiveState::Lost || next == LiveState::Waiting) && stopping)
      next = LiveState::Ended;
    state = next;
    reason = next == LiveState::Ended && stopping ? "stopped" : why;
    changed = true;
  }
  notice();
}

void LiveSource::State::notice() {
  std::lock_guard lock(notice_mutex);
  news = true;
  notice_wake.notify_all();
}

/// Calls on_change when there are news, at most once in the interval.
void LiveSource::State::notify() {
  std::unique_lock lock(notice_mutex);
  while (news || !closing) {
    notice_wake.wait(lock, [&] { return news || closing; });
    if (!news) return;
    news = false;
    lock.unlock();
    on_change();
    lock.lock();
    notice_wake.wait_for(lock, options.notice_interval, [&] { return closing; });
  }
}

LiveSnapshotPtr LiveSource::State::make_snapshot() {
  auto s = std::make_shared<LiveSnapshot>();
  s->state = state;
  s->reason = reason;
  s->batches = batches;
  s->bytes = bytes;
  s->spans = spans;
  s->drops = drops;
  s->rates = meter.rates();
  s->generation = earlier_generations;
  if (!run) {
    s->trace = TraceBuilder().snapshot();
    return s;
  }
  LiveTrace& trace = run->trace;
  s->trace = trace.snapshot();
  s->generation += trace.generation();
  s->requests.assign(trace.requests().begin(), trace.requests().end());
  s->steps.assign(trace.steps().begin(), trace.steps().end());
  s->request_count = trace.request_count();
  s->step_count = trace.step_count();
  s->plans.assign(trace.plans().begin(), trace.plans().end());
  s->loads = trace.load_sets();
  // What the node itself lost is of one of its ranks.
  for (const Loss& loss : s->trace->losses())
    if (loss.process) s->drops.records += loss.count.value_or(0);
  if (run->writer) {
    s->recording = run->writer->path();
    s->recording_error = run->writer->error();
  }
  return s;
}

LiveSource::LiveSource(std::shared_ptr<ClusterClient> client, LiveOptions options,
                       std::function<void()> on_change)
    : state_(std::make_unique<State>()) {
  state_->client = std::move(client);
  state_->options = std::move(options);
  state_->on_change = std::move(on_change);
  if (!state_->options.recording.empty())
    state_->first_writer = std::make_unique<GuardedWriter>(state_->options.recording);
  if (state_->on_change)
    state_->notifier = std::thread([state = state_.get()] { state->notify(); });
  state_->thread = std::thread([state = state_.get()] { state->work(); });
}

LiveSource::~LiveSource() {
  stop();
}

LiveSnapshotPtr LiveSource::snapshot() const {
  std::lock_guard lock(state_->mutex);
  if (state_->changed || !state_->last) {
    state_->last = state_->make_snapshot();
    state_->changed = false;
  }
  return state_->last;
}

LiveState LiveSource::state() const {
  return state_->state;
}

LiveFigures LiveSource::figures() const {
  std::lock_guard lock(state_->mutex);
  return {state_->state, state_->reason, state_->spans, state_->drops, state_->meter.rates()};
}

ClusterClient& LiveSource::client() {
  return *state_->client;
}

void LiveSource::reconnect() {
  std::lock_guard lock(state_->mutex);
  if (state_->state != LiveState::Lost && state_->state != LiveState::Waiting) return;
  state_->retry = true;
  state_->wake.notify_all();
}

void LiveSource::stop() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    if (state_->stream) state_->stream->cancel();
    state_->wake.notify_all();
  }
  std::call_once(state_->joined, [&] {
    state_->thread.join();
    {
      std::lock_guard lock(state_->notice_mutex);
      state_->closing = true;
    }
    state_->notice_wake.notify_all();
    if (state_->notifier.joinable()) state_->notifier.join();
  });
}

}  // namespace moescope
