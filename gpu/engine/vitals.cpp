#include "gpu/engine/vitals.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "gpu/base/clock.h"

namespace moescope::runtime {
namespace {

constexpr std::int64_t kMissed =
    1'000'000'000;  ///< ns between two beats: the watch itself was interrupted
constexpr std::int64_t kPiece = 1'000'000'000;  ///< ns of a span that shows a hang
constexpr std::size_t kHostName = 64;

/// When a rank hangs: the reason and for how long; 0: it does not.
std::uint64_t packed(const StreamWatch::Finding& finding, std::int64_t now) {
  const auto ms =
      static_cast<std::uint64_t>(std::max<std::int64_t>(now - finding.since, 0)) / 1'000'000;
  return ms << 3 | static_cast<std::uint64_t>(finding.reason) << 1 | 1;
}

bool same_hang(const NodeHungRank& a, const NodeHungRank& b) {
  return a.rank == b.rank && a.reason == b.reason;
}

}  // namespace

struct Vitals::Own {
  int rank = 0;
  std::vector<StreamWatch> streams;
  std::uint64_t state = 0;  ///< packed()
};

/// Followed by a word for every rank of the run; those of its ranks count.
struct Vitals::Beat {
  std::atomic<std::uint64_t> count{0};
  std::int64_t pid = 0, thread = 0;
  char host[kHostName] = {};
};

struct Vitals::Process {
  std::uint64_t count = 0;
  std::int64_t heard = 0;  ///< when the count last changed
  int beats = 0;           ///< own ones since then
};

Vitals::Vitals(VitalsParts parts) : parts_(std::move(parts)) {
  Processes* processes = parts_.space.processes();
  const std::size_t bytes =
      sizeof(Beat) + static_cast<std::size_t>(parts_.space.ranks()) * sizeof(std::uint64_t);
  if (processes == nullptr) {
    alone_.resize(bytes);
    board_ = alone_;
  } else {
    index_ = processes->index();
    processes_ = processes->size();
    const auto all = bytes * static_cast<std::size_t>(processes_);
    board_ = processes->allocate(processes->first() ? all : 0).front();
  }
  const auto look = [pid = static_cast<std::int64_t>(::getpid())](std::int64_t thread) {
    return thread_state(pid, thread);
  };
  for (Unit* unit : parts_.units)
    for (const RankThreads& rank : unit->rank_threads()) {
      Own& own = own_.emplace_back();
      own.rank = rank.rank;
      for (const StreamThreads& stream : rank.streams)
        own.streams.emplace_back(*stream.activity, stream.threads, look);
    }
  const std::int64_t now = steady_now();
  others_.assign(static_cast<std::size_t>(processes_), {0, now, 0});
  recorded_until_ = now;
  thread_ = std::thread([this] { run(); });
}

Vitals::~Vitals() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::vector<NodeHungRank> Vitals::hung() const {
  std::lock_guard lock(mutex_);
  return hung_;
}

std::span<std::byte> Vitals::part(int process) const {
  const std::size_t bytes =
      sizeof(Beat) + static_cast<std::size_t>(parts_.space.ranks()) * sizeof(std::uint64_t);
  return board_.subspan(static_cast<std::size_t>(process) * bytes, bytes);
}

void Vitals::run() {
  std::int64_t last = steady_now();
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kBeat, [&] { return stopping_; })) {
    lock.unlock();
    const std::int64_t now = steady_now();
    if (now - last > kMissed) {  // this process was stopped, or got no processor itself
      for (Own& own : own_)
        for (StreamWatch& stream : own.streams) stream.forget(now);
      for (Process& other : others_) other = {other.count, now, 0};
    }
    last = now;
    look(now);
    send_beat();
    if (index_ == 0) {
      auto found = listen(now);
      lock.lock();
      hung_ = std::move(found);
      lock.unlock();
      record(now);
    }
    lock.lock();
  }
}

void Vitals::look(std::int64_t now) {
  for (Own& own : own_) {
    own.state = 0;
    for (StreamWatch& stream : own.streams)
      if (const auto finding = stream.look(now)) own.state = packed(*finding, now);
  }
}

/// Writes a beat: the states of the ranks first, the count that announces them last.
void Vitals::send_beat() {
  std::vector<std::byte> message(part(0).size());
  auto* beat = new (message.data()) Beat;
  beat->pid = ::getpid();
  beat->thread = this_thread();
  host_name().copy(beat->host, kHostName - 1);
  auto* states = reinterpret_cast<std::uint64_t*>(message.data() + sizeof(Beat));
  for (const Own& own : own_) states[own.rank] = own.state;
  beat->count = ++beats_;
  const std::span<std::byte> to = part(index_);
  RemoteMemory* remote =
      parts_.space.processes() == nullptr ? nullptr : parts_.space.processes()->remote();
  if (remote != nullptr && index_ != 0) return remote->put(to.data(), message);
  auto* shared = reinterpret_cast<Beat*>(to.data());
  std::memcpy(to.data() + sizeof(shared->count), message.data() + sizeof(shared->count),
              to.size() - sizeof(shared->count));
  shared->count.store(beats_, std::memory_order_release);
}

/// Whether a process is alive but does nothing.
std::optional<HangReason> Vitals::judge(int process, std::int64_t now) {
  const auto* beat = reinterpret_cast<const Beat*>(part(process).data());
  Process& other = others_[static_cast<std::size_t>(process)];
  const std::uint64_t count = beat->count.load(std::memory_order_acquire);
  if (count != other.count || count == 0) {
    other = {count, now, 0};
    return std::nullopt;
  }
  ++other.beats;
  if (now - other.heard < kStopped) return std::nullopt;
  if (parts_.space.processes()->remote() == nullptr)
    if (const auto state = thread_state(beat->pid, beat->thread)) {
      if (state->stopped()) return HangReason::Stopped;
      if (state->held_up()) other.beats = 0;
    }
  return other.beats >= kSilentBeats ? std::optional(HangReason::Silent) : std::nullopt;
}

std::vector<NodeHungRank> Vitals::listen(std::int64_t now) {
  std::vector<NodeHungRank> found;
  for (int process = 0; process < processes_; ++process) {
    const auto reason = process == index_ ? std::nullopt : judge(process, now);
    const auto* beat = reinterpret_cast<const Beat*>(part(process).data());
    const auto* states =
        reinterpret_cast<const std::uint64_t*>(part(process).data() + sizeof(Beat));
    const double silent =
        static_cast<double>(now - others_[static_cast<std::size_t>(process)].heard) / 1e9;
    for (int rank = 0; rank < parts_.space.ranks(); ++rank) {
      if (parts_.hosts[static_cast<std::size_t>(rank)] != process) continue;
      const std::uint64_t state = states[rank];
      if (!reason && state == 0) continue;
      NodeHungRank one{rank, beat->pid, std::string(beat->host, strnlen(beat->host, kHostName)),
                       silent, reason.value_or(HangReason::Silent)};
      if (!reason) {
        one.seconds = static_cast<double>(state >> 3) / 1e3;
        one.reason = static_cast<HangReason>(state >> 1 & 3);
      }
      found.push_back(std::move(one));
    }
  }
  std::sort(found.begin(), found.end(),
            [](const NodeHungRank& a, const NodeHungRank& b) { return a.rank < b.rank; });
  return found;
}

/// One piece per second while the hang lasts, so that it is in the recording even when the
/// recording ends with it.
void Vitals::record(std::int64_t now) {
  const std::int64_t from = recorded_from_;
  if (parts_.recorder == nullptr || from < 0 || now < from) return;
  recorded_until_ = std::max(recorded_until_, from);
  const auto now_hung = hung();
  const bool same =
      std::equal(now_hung.begin(), now_hung.end(), recorded_.begin(), recorded_.end(), same_hang);
  if (same && (now_hung.empty() || now - recorded_until_ < kPiece)) {
    if (now_hung.empty()) recorded_until_ = now;
    return;
  }
  // Ended and new hangs, each as one span per process and reason.
  std::map<std::pair<int, HangReason>, std::vector<NodeHungRank>> groups;
  for (const NodeHungRank& rank : recorded_.empty() ? now_hung : recorded_)
    groups[{parts_.hosts[static_cast<std::size_t>(rank.rank)], rank.reason}].push_back(rank);
  for (const auto& [key, ranks] : groups) {
    std::string numbers;
    for (const NodeHungRank& rank : ranks)
      numbers += (numbers.empty() ? "" : ",") + std::to_string(rank.rank);
    parts_.recorder->add_span(
        {EngineTrack::Hangs, ranks.size() == 1 ? "rank hangs" : "ranks hang",
         fmt::format("{{\"ranks\":[{}],\"process\":{},\"process_id\":{},\"host\":\"{}\","
                     "\"reason\":\"{}\",\"silent_ns\":{}}}",
                     numbers, key.first, ranks.front().process_id, ranks.front().host,
                     to_string(key.second), static_cast<std::int64_t>(ranks.front().seconds * 1e9)),
         recorded_until_, now});
  }
  recorded_ = now_hung;
  recorded_until_ = now;
}

}  // namespace moescope::runtime
