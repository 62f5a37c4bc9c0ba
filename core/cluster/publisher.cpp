#include "core/cluster/publisher.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>

#include "core/cluster/wire/batch.h"
#include "core/error.h"
#include "core/trace/launch_ids.h"

namespace moescope {
namespace {

using Clock = std::chrono::steady_clock;

/// Rows of one append() that go into one batch at most.
constexpr std::size_t kMaxRows = 4096;
/// Plans kept for viewers that come later.
constexpr std::size_t kKeptPlans = 64;
/// Losses that wait for one viewer, before even those far apart are joined.
constexpr std::size_t kKeptLosses = 1024;
constexpr const char* kSlowViewer = "the viewer took records more slowly than they came";

struct Records {
  std::shared_ptr<const std::string> bytes;
  std::uint64_t spans = 0;
  std::shared_ptr<const std::vector<Loss>> losses;  ///< for a viewer that does not get it
};

/// How much of the definitions a viewer has.
struct Cursor {
  std::size_t strings = 0, processes = 0, devices = 0, tracks = 0, launches = 0;
  std::uint64_t plans = 0, info = 0;
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

}  // namespace

struct Subscription::State {
  ViewerId who;
  std::shared_ptr<Publisher::State> publisher;
  Cursor sent;
  std::deque<Records> ring;
  std::size_t ring_bytes = 0;
  LossList losses{kKeptLosses};  ///< not sent yet
  std::uint64_t credits = 0, sequence = 0, dropped_batches = 0, dropped_spans = 0;
  bool finished = false, displaced = false;
  std::condition_variable ready;
  Clock::time_point idle_since = Clock::now();  ///< nothing waited for it, or it took something

  std::optional<std::string> next();
};

struct Publisher::State {
  Options options;
  std::uint64_t run = 0;
  StringTable strings;

  mutable std::mutex mutex;  ///< guards all below and all of the subscriptions
  std::deque<Process> processes;
  std::deque<Device> devices;
  std::deque<Track> tracks;
  std::deque<LaunchConfig> launches;
  LaunchIds launch_ids;
  std::deque<PlanRow> plans;
  std::uint64_t plans_forgotten = 0, info_version = 0;
  TraceInfo info;
  BatchEncoder held;
  std::optional<std::string> end_reason;
  std::vector<std::shared_ptr<Subscription::State>> viewers;

  Cursor current() const {
    return {strings.size(), processes.size(), devices.size(),
            tracks.size(),  launches.size(),  plans_forgotten + plans.size(),
            info_version};
  }
  void notify() {
    for (const auto& viewer : viewers) viewer->ready.notify_all();
  }
  void send_held();
  void hold_more() {
    if (held.bytes() >= kBatchBytes) send_held();
  }
  bool define(Cursor& sent, BatchHead& head) const;
  void make_place(const ViewerId& who);
  template <typename Candidates>
  bool displace(const Candidates& candidates);
};

/// Hands the held records to every viewer.
void Publisher::State::send_held() {
  if (held.empty()) return;
  const std::uint64_t spans = held.spans();
  auto losses = std::make_shared<const std::vector<Loss>>(held.as_losses(kSlowViewer));
  const Records records{std::make_shared<const std::string>(held.take()), spans, std::move(losses)};
  for (const auto& viewer : viewers) {
    if (viewer->ring.empty()) viewer->idle_since = Clock::now();
    viewer->ring.push_back(records);
    viewer->ring_bytes += records.bytes->size();
    while (viewer->ring_bytes > options.ring_bytes && viewer->ring.size() > 1) {
      ++viewer->dropped_batches;
      viewer->dropped_spans += viewer->ring.front().spans;
      for (const Loss& loss : *viewer->ring.front().losses) viewer->losses.add(loss);
      viewer->ring_bytes -= viewer->ring.front().bytes->size();
      viewer->ring.pop_front();
    }
  }
  notify();
}

/// Fills `head` with definitions that were not sent, up to about a batch; true when there were any.
bool Publisher::State::define(Cursor& sent, BatchHead& head) const {
  const Cursor before = sent;
  std::size_t bytes = 0;
  const auto take = [&](std::size_t& from, const auto& all, auto& to, auto size) {
    for (; from < all.size() && bytes < kBatchBytes; ++from) {
      to.push_back(&all[from]);
      bytes += size(all[from]);
    }
  };
  for (; sent.strings < strings.size() && bytes < kBatchBytes; ++sent.strings) {
    head.strings.push_back(strings[static_cast<StringId>(sent.strings)]);
    bytes += head.strings.back().size() + 2;
  }
  const auto texts = [](const auto& thing) { return 64 + thing.name.size(); };
  take(sent.processes, processes, head.processes, texts);
  take(sent.devices, devices, head.devices, texts);
  take(sent.tracks, tracks, head.tracks, texts);
  take(sent.launches, launches, head.launches, [](const auto&) { return std::size_t{64}; });
  for (sent.plans = std::max(sent.plans, plans_forgotten);
       sent.plans < plans_forgotten + plans.size() && bytes < kBatchBytes; ++sent.plans) {
    head.plans.push_back(&plans[sent.plans - plans_forgotten]);
    bytes += head.plans.back()->json.size() + 64;
  }
  if (sent.info != info_version && bytes < kBatchBytes) {
    head.info = &info;
    sent.info = info_version;
  }
  return !(sent == before);
}

std::optional<std::string> Subscription::State::next() {
  if (finished || credits == 0) return std::nullopt;
  BatchHead head;
  const bool defined = publisher->define(sent, head);
  const bool complete = sent == publisher->current();
  const bool records = complete && !ring.empty();
  const bool last = complete && publisher->end_reason && ring.size() <= 1;
  const bool lost = complete && !losses.all().empty();
  if (!defined && !records && !lost && !last) return std::nullopt;
  if (sequence == 0) head.run = publisher->run;
  if (last) head.end_reason = publisher->end_reason;
  head.sequence = ++sequence;
  head.dropped_batches = dropped_batches;
  head.dropped_spans = dropped_spans;
  if (lost)
    for (const Loss& loss : losses.all()) head.losses.push_back(&loss);
  --credits;
  idle_since = Clock::now();
  finished = last;
  std::string bytes = encode_head(head);
  if (lost) losses = LossList(kKeptLosses);
  if (records) {
    bytes += *ring.front().bytes;
    ring_bytes -= ring.front().bytes->size();
    ring.pop_front();
  }
  return bytes;
}

std::optional<std::string> Subscription::wait_next() {
  std::unique_lock lock(state_->publisher->mutex);
  for (;;) {
    if (auto bytes = state_->next()) return bytes;
    if (state_->finished) return std::nullopt;
    state_->ready.wait(lock);
  }
}

void Subscription::grant(std::uint32_t batches) {
  std::lock_guard lock(state_->publisher->mutex);
  state_->credits += batches;
  state_->ready.notify_all();
}

void Subscription::cancel() {
  std::lock_guard lock(state_->publisher->mutex);
  state_->finished = true;
  state_->ready.notify_all();
}

bool Subscription::displaced() const {
  std::lock_guard lock(state_->publisher->mutex);
  return state_->displaced;
}

Subscription::~Subscription() {
  std::lock_guard lock(state_->publisher->mutex);
  std::erase(state_->publisher->viewers, state_);
}

Publisher::Publisher(Options options) : state_(std::make_shared<State>()) {
  state_->options = options;
  std::random_device random;
  state_->run = std::uint64_t{random()} << 32 | random();
  state_->launches.emplace_back();
}
Publisher::~Publisher() {
  end("the node closed the recording");
}

StringTable& Publisher::strings() {
  return state_->strings;
}

ProcessId Publisher::add_process(Process process) {
  std::lock_guard lock(state_->mutex);
  state_->processes.push_back(std::move(process));
  return static_cast<ProcessId>(state_->processes.size() - 1);
}

void Publisher::add_device(Device device) {
  std::lock_guard lock(state_->mutex);
  state_->devices.push_back(std::move(device));
}

TrackId Publisher::add_track(Track track) {
  std::lock_guard lock(state_->mutex);
  state_->tracks.push_back(std::move(track));
  return static_cast<TrackId>(state_->tracks.size() - 1);
}

LaunchId Publisher::intern_launch(const LaunchConfig& launch) {
  std::lock_guard lock(state_->mutex);
  return state_->launch_ids.intern(launch, state_->launches);
}

void Publisher::append(TrackId track, SpanBatch batch) {
  check_batch(batch);
  std::lock_guard lock(state_->mutex);
  if (state_->viewers.empty()) return;
  // A piece ends after kMaxRows spans or when its arguments would make it a batch of their own.
  const std::size_t rows = batch.columns.size();
  for (std::size_t begin = 0; begin < rows;) {
    std::size_t end = std::min(rows, begin + kMaxRows);
    if (!batch.args_offsets.empty())
      while (end > begin + 1 && batch.args_offsets[end] - batch.args_offsets[begin] > kBatchBytes)
        end = begin + (end - begin) / 2;
    state_->held.add_spans(track, batch, begin, end);
    state_->hold_more();
    begin = end;
  }
}

void Publisher::add_sm_records(std::vector<SmRecord> records) {
  std::lock_guard lock(state_->mutex);
  if (state_->viewers.empty()) return;
  for (std::size_t begin = 0; begin < records.size(); begin += kMaxRows) {
    state_->held.add_sm_records(records.data() + begin, std::min(kMaxRows, records.size() - begin));
    state_->hold_more();
  }
}

void Publisher::add_counter(CounterSeries series) {
  std::lock_guard lock(state_->mutex);
  if (state_->viewers.empty()) return;
  state_->held.add_counter(series);
  state_->hold_more();
}

void Publisher::add_note(Note note) {
  std::lock_guard lock(state_->mutex);
  if (state_->viewers.empty()) return;
  state_->held.add_note(note);
  state_->hold_more();
}

void Publisher::add_loss(Loss loss) {
  std::lock_guard lock(state_->mutex);
  for (const auto& viewer : state_->viewers) viewer->losses.add(loss);
  state_->notify();
}

void Publisher::add_loads(LoadRow row) {
  std::lock_guard lock(state_->mutex);
  if (state_->viewers.empty()) return;
  state_->held.add_loads(row);
  state_->hold_more();
}

void Publisher::add_plan(PlanRow row) {
  std::lock_guard lock(state_->mutex);
  state_->plans.push_back(std::move(row));
  if (state_->plans.size() > kKeptPlans) {
    state_->plans.pop_front();
    ++state_->plans_forgotten;
  }
  state_->notify();
}

void Publisher::set_info(TraceInfo info) {
  std::lock_guard lock(state_->mutex);
  state_->info = std::move(info);
  ++state_->info_version;
  state_->notify();
}

void Publisher::end_round() {
  std::lock_guard lock(state_->mutex);
  state_->send_held();
}

double Publisher::backlog() const {
  std::lock_guard lock(state_->mutex);
  std::size_t most = 0;
  for (const auto& viewer : state_->viewers) most = std::max(most, viewer->ring_bytes);
  return static_cast<double>(most) / static_cast<double>(state_->options.ring_bytes);
}

void Publisher::end(const std::string& reason) {
  std::lock_guard lock(state_->mutex);
  state_->send_held();
  if (!state_->end_reason) state_->end_reason = reason;
  state_->notify();
}

std::uint64_t Publisher::run() const {
  return state_->run;
}

/// The one of `candidates` that let its batches wait for the longest time, if that tried the
/// patience, gives up its place; false when there is none.
template <typename Candidates>
bool Publisher::State::displace(const Candidates& candidates) {
  std::shared_ptr<Subscription::State> slowest;
  const auto limit = Clock::now() - options.patience;
  for (const auto& viewer : viewers)
    if (candidates(*viewer) && !viewer->ring.empty() && viewer->idle_since <= limit &&
        (!slowest || viewer->idle_since < slowest->idle_since))
      slowest = viewer;
  if (!slowest) return false;
  slowest->finished = slowest->displaced = true;
  slowest->ready.notify_all();
  std::erase(viewers, slowest);
  return true;
}

/// Throws TooManyViewers when there is no place for `who` and no idle viewer to displace.
void Publisher::State::make_place(const ViewerId& who) {
  using Viewer = Subscription::State;
  const auto same = [&](const Viewer& viewer) {
    return !who.identity.empty() && viewer.who.identity == who.identity;
  };
  std::size_t of_one = 0;
  for (const auto& viewer : viewers) of_one += same(*viewer) ? 1 : 0;
  if (of_one >= options.of_one && !displace(same))
    throw TooManyViewers("moescope-node", "",
                         "already serves the most viewers that one peer may have",
                         "Close one of them");
  const bool chief = who.role == PeerRole::Operator;
  const std::size_t kept = chief ? 0 : std::min(options.viewers, options.for_operators);
  if (viewers.size() < options.viewers - kept) return;
  // Those who only look do not displace operators.
  if (!displace(
          [&](const Viewer& viewer) { return chief || viewer.who.role != PeerRole::Operator; }))
    throw TooManyViewers("moescope-node", "", "already serves as many viewers as it can",
                         "Close one of them");
}

std::unique_ptr<Subscription> Publisher::subscribe(ViewerId who, std::uint32_t credits) {
  auto viewer = std::make_shared<Subscription::State>();
  viewer->who = std::move(who);
  viewer->publisher = state_;
  viewer->credits = credits;
  std::lock_guard lock(state_->mutex);
  state_->make_place(viewer->who);
  // What is held was recorded before this viewer came.
  state_->send_held();
  state_->viewers.push_back(viewer);
  return std::make_unique<Subscription>(std::move(viewer));
}

std::vector<ViewerStatus> Publisher::viewers() const {
  std::lock_guard lock(state_->mutex);
  std::vector<ViewerStatus> all;
  for (const auto& viewer : state_->viewers)
    all.push_back(
        {viewer->who.peer, viewer->sequence, viewer->dropped_batches, viewer->dropped_spans});
  return all;
}

}  // namespace moescope
