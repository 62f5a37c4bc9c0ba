#include "gpu/comm/far_processes.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

namespace moescope::runtime {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kPing = kSecond / 2;
/// A round of the wire thread that took longer was not its own doing: the process stood still.
constexpr std::int64_t kStall = kSecond;
constexpr auto kCheck = std::chrono::milliseconds(100);
constexpr auto kFlush = std::chrono::seconds(2);
constexpr std::size_t kMostAtOnce = std::size_t{1} << 26;
constexpr std::size_t kMostCounters = 512;
constexpr int kClockSamples = 20;
constexpr std::int64_t kGoodClock = 50'000;  ///< ns
constexpr int kBusyRounds = 200;
constexpr auto kBusyRest = std::chrono::microseconds(20),
               kIdleRest = std::chrono::microseconds(500);

std::int64_t now_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

enum class Kind : std::int32_t {
  Put,   ///< bytes for a place
  Add,   ///< `value` for the counter at a place; `more`: 1 + offset of its bell, 0: none
  Get,   ///< asks for `more` bytes at a place, as question `value`
  Got,   ///< they
  Post,  ///< a message for box `number`
  Size,  ///< `value` bytes that the sender has in region `number`
  Barrier,
  Ping,  ///< `value`: time of the sender
  Pong,  ///< `value` of the ping, `more`: time of who answers
  Fail,  ///< the reason
};

/// Whole words of a small place are read as counters that ranks change meanwhile; what is larger is
/// at rest.
std::vector<std::byte> snapshot(std::span<std::byte> memory) {
  std::vector<std::byte> copy(memory.size());
  std::size_t at = 0;
  if (memory.size() <= kMostCounters)
    for (; at + sizeof(std::uint64_t) <= memory.size(); at += sizeof(std::uint64_t)) {
      auto& word = *reinterpret_cast<std::uint64_t*>(memory.data() + at);
      const std::uint64_t value = std::atomic_ref(word).load(std::memory_order_acquire);
      std::memcpy(copy.data() + at, &value, sizeof value);
    }
  if (at < memory.size()) std::memcpy(copy.data() + at, memory.data() + at, memory.size() - at);
  return copy;
}

ClockOffset best_of(const std::deque<ClockOffset>& samples) {
  if (samples.empty()) return {0, std::numeric_limits<std::int64_t>::max()};
  return *std::min_element(
      samples.begin(), samples.end(),
      [](const ClockOffset& a, const ClockOffset& b) { return a.error < b.error; });
}

}  // namespace

/// What comes before the bytes of everything that is sent.
struct FarProcesses::Front {
  Kind kind = Kind::Barrier;
  std::int32_t number = 0;  ///< of a region or a box
  std::uint64_t offset = 0, value = 0, more = 0;
  std::uint64_t rest = 0;  ///< bytes that follow
};

struct FarProcesses::Peer {
  std::vector<std::byte> waiting;  ///< guarded by out_mutex_

  // Of the wire thread alone.
  std::vector<std::byte> sending, arriving;
  std::size_t begun = 0;  ///< of `sending`
  std::int64_t heard = 0;

  std::atomic<bool> lost{false};

  // Guarded by in_mutex_.
  std::map<int, std::size_t> sizes;  ///< by region
  std::uint64_t barriers = 0;
  int pongs = 0;
  ClockOffset clock_at_start;
  std::deque<ClockOffset> clock;
};

void FarProcesses::Unmap::operator()(std::byte* memory) const {
  ::munmap(memory, bytes);
}

FarProcesses::FarProcesses(std::unique_ptr<Transport> transport, std::chrono::nanoseconds silence)
    : transport_(std::move(transport)), silence_(silence.count()) {
  for (int process = 0; process < size(); ++process) {
    peers_.push_back(std::make_unique<Peer>());
    peers_.back()->heard = now_ns();
  }
  last_round_ = last_ping_ = now_ns();
  thread_ = std::thread([this] { run(); });
  try {
    if (first()) measure_clocks();
    barrier();
  } catch (...) {
    stop();
    throw;
  }
}

FarProcesses::~FarProcesses() {
  stop();
}

void FarProcesses::measure_clocks() {
  for (int process = 1; process < size(); ++process) {
    Peer& peer = *peers_[static_cast<std::size_t>(process)];
    const std::int64_t enough = now_ns() + kSecond;
    for (int i = 1;; ++i) {
      ping(process);
      await([&] { return peer.pongs >= i; }, [&] { check_set_up(); });
      std::lock_guard lock(in_mutex_);
      const ClockOffset best = best_of(peer.clock);
      if (i == 1 || best.error < peer.clock_at_start.error) peer.clock_at_start = best;
      if (i >= kClockSamples && (peer.clock_at_start.error < kGoodClock || now_ns() > enough))
        break;
    }
  }
}

ClockOffset FarProcesses::clock_at_start(int process) const {
  std::lock_guard lock(in_mutex_);
  return peers_[static_cast<std::size_t>(process)]->clock_at_start;
}

ClockOffset FarProcesses::clock_now(int process) const {
  if (process == index()) return {};
  std::lock_guard lock(in_mutex_);
  return best_of(peers_[static_cast<std::size_t>(process)]->clock);
}

template <typename Ready>
void FarProcesses::await(const Ready& ready, const Check& check) {
  std::unique_lock lock(in_mutex_);
  while (!changed_.wait_for(lock, kCheck, ready)) {
    lock.unlock();
    check();
    lock.lock();
  }
}

void FarProcesses::check_set_up() const {
  if (failed()) throw std::runtime_error(failure());
  for (int process = 0; process < size(); ++process)
    if (!alive(process))
      throw std::runtime_error("process " + std::to_string(process) + " cannot be reached");
}

/// Pages that nobody touches cost nothing: stand-ins are as large as what they stand for.
std::span<std::byte> FarProcesses::map(int region, int process, std::size_t bytes) {
  std::span<std::byte> part;
  if (bytes > 0) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("no memory for a window");
    part = {static_cast<std::byte*>(memory), bytes};
  }
  std::unique_lock lock(memory_mutex_);
  regions_.resize(static_cast<std::size_t>(region) + 1);
  auto& parts = regions_.back();
  parts.resize(static_cast<std::size_t>(size()));
  parts[static_cast<std::size_t>(process)] = part;
  if (bytes > 0) {
    pages_.emplace_back(part.data(), Unmap{bytes});
    places_[part.data()] = {process, region, 0};
  }
  return part;
}

std::vector<std::span<std::byte>> FarProcesses::allocate(std::size_t bytes) {
  const int region = static_cast<int>(regions_.size());
  // The own part is there before others can hear of it.
  std::vector<std::span<std::byte>> parts(static_cast<std::size_t>(size()));
  parts[static_cast<std::size_t>(index())] = map(region, index(), bytes);
  send_all({Kind::Size, region, 0, bytes, 0, 0});
  for (int process = 0; process < size(); ++process) {
    if (process == index()) continue;
    auto& sizes = peers_[static_cast<std::size_t>(process)]->sizes;
    await([&] { return sizes.contains(region); }, [&] { check_set_up(); });
    std::unique_lock lock(in_mutex_);
    const std::size_t theirs = sizes.at(region);
    lock.unlock();
    parts[static_cast<std::size_t>(process)] = map(region, process, theirs);
  }
  return parts;
}

void FarProcesses::barrier() {
  ++barriers_;
  send_all({Kind::Barrier, 0, 0, 0, 0, 0});
  const auto all = [&] {
    for (int process = 0; process < size(); ++process)
      if (process != index() && peers_[static_cast<std::size_t>(process)]->barriers < barriers_)
        return false;
    return true;
  };
  await(all, [&] { check_set_up(); });
}

bool FarProcesses::alive(int process) const {
  return process == index() || !peers_[static_cast<std::size_t>(process)]->lost;
}

void FarProcesses::leave(int exit_code) {
  if (exit_code == 0) try {
      barrier();
    } catch (const std::exception&) {  // the others fail
      exit_code = 1;
    }
  stop();
  transport_->leave(exit_code);
}

void FarProcesses::stop() {
  {
    std::lock_guard lock(out_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

FarProcesses::Where FarProcesses::find(const void* place) const {
  const auto* byte = static_cast<const std::byte*>(place);
  std::shared_lock lock(memory_mutex_);
  auto after = places_.upper_bound(byte);
  if (after == places_.begin()) throw std::out_of_range("no place of a window");
  const auto& [begin, part] = *--after;
  Where where = part;
  where.offset = static_cast<std::size_t>(byte - begin);
  return where;
}

std::span<std::byte> FarProcesses::own(int region, std::size_t offset, std::size_t bytes) const {
  std::shared_lock lock(memory_mutex_);
  const auto part =
      regions_.at(static_cast<std::size_t>(region)).at(static_cast<std::size_t>(index()));
  if (offset > part.size() || bytes > part.size() - offset)
    throw std::out_of_range("a transfer leaves its window");
  return part.subspan(offset, bytes);
}

void FarProcesses::send(int to, const Front& front, std::span<const std::byte> rest) {
  Front whole = front;
  whole.rest = rest.size();
  const auto begin = std::as_bytes(std::span(&whole, 1));
  {
    std::lock_guard lock(out_mutex_);
    auto& waiting = peers_[static_cast<std::size_t>(to)]->waiting;
    waiting.insert(waiting.end(), begin.begin(), begin.end());
    waiting.insert(waiting.end(), rest.begin(), rest.end());
  }
  wake_.notify_one();
}

void FarProcesses::send_all(const Front& front, std::span<const std::byte> rest) {
  for (int process = 0; process < size(); ++process)
    if (process != index()) send(process, front, rest);
}

void FarProcesses::put(const void* place, std::span<const std::byte> bytes) {
  const Where where = find(place);
  send(where.process, {Kind::Put, where.region, where.offset, 0, 0, 0}, bytes);
}

void FarProcesses::add(const std::atomic<std::uint64_t>& counter, std::uint64_t value,
                       const Bell* bell) {
  const Where where = find(&counter);
  const std::uint64_t beside = bell == nullptr ? 0 : find(bell).offset + 1;
  send(where.process, {Kind::Add, where.region, where.offset, value, beside, 0});
}

void FarProcesses::get(std::span<const Fetch> fetches, const Check& check) {
  std::vector<std::shared_ptr<Answer>> answers;
  std::uint64_t question = 0;
  {
    std::lock_guard lock(in_mutex_);
    question = questions_ + 1;
    questions_ += fetches.size();
    for (std::size_t i = 0; i < fetches.size(); ++i)
      answers.push_back(asked_[question + i] = std::make_shared<Answer>());
  }
  for (const Fetch& fetch : fetches) {
    const Where where = find(fetch.place);
    send(where.process, {Kind::Get, where.region, where.offset, question++, fetch.out.size(), 0});
  }
  await(
      [&] {
        return std::all_of(answers.begin(), answers.end(), [](const auto& a) { return a->here; });
      },
      check);
  for (std::size_t i = 0; i < fetches.size(); ++i) {
    if (answers[i]->bytes.size() != fetches[i].out.size())
      throw std::out_of_range("an answer of another size");
    std::copy(answers[i]->bytes.begin(), answers[i]->bytes.end(), fetches[i].out.begin());
  }
}

void FarProcesses::post(int to, int box, std::span<const std::byte> message) {
  send(to, {Kind::Post, box, 0, 0, 0, 0}, message);
}

std::vector<std::byte> FarProcesses::take(int from, int box, const Check& check) {
  std::unique_lock lock(in_mutex_);
  auto& messages = boxes_[{from, box}];
  lock.unlock();
  await([&] { return !messages.empty(); }, check);
  lock.lock();
  auto message = std::move(messages.front());
  messages.pop_front();
  return message;
}

void FarProcesses::set_failure(std::string reason) noexcept {
  {
    std::lock_guard lock(in_mutex_);
    if (failed()) return;
    failure_ = std::move(reason);
    failed_.store(true, std::memory_order_release);
  }
  changed_.notify_all();
}

void FarProcesses::fail(const std::string& reason) noexcept {
  if (failed()) return;
  set_failure(reason);
  send_all({Kind::Fail, 0, 0, 0, 0, 0}, std::as_bytes(std::span(reason)));
}

std::string FarProcesses::failure() const {
  std::lock_guard lock(in_mutex_);
  return failure_;
}

void FarProcesses::run() {
  try {
    int idle = 0;
    std::int64_t give_up = 0;
    for (;;) {
      const bool sent = send_some(), received = receive_some();
      {
        std::lock_guard lock(out_mutex_);
        if (stopping_ && give_up == 0)
          give_up = now_ns() + std::chrono::nanoseconds(kFlush).count();
      }
      if (give_up != 0 && (all_sent() || now_ns() > give_up)) return;
      if (give_up == 0) keep_in_touch();
      idle = sent || received ? 0 : idle + 1;
      if (idle > 0) rest(idle);
    }
  } catch (const std::exception& error) {
    set_failure(error.what());
    for (const auto& peer : peers_) peer->lost = true;
  }
}

bool FarProcesses::send_some() {
  bool any = false;
  for (int process = 0; process < size(); ++process) {
    Peer& peer = *peers_[static_cast<std::size_t>(process)];
    if (process == index() || !transport_->sent(process)) continue;
    if (peer.begun == peer.sending.size()) {
      peer.sending.clear();
      peer.begun = 0;
      std::lock_guard lock(out_mutex_);
      peer.sending.swap(peer.waiting);
    }
    if (peer.begun == peer.sending.size()) continue;
    const std::size_t count = std::min(peer.sending.size() - peer.begun, kMostAtOnce);
    transport_->send(process, std::span(peer.sending).subspan(peer.begun, count));
    peer.begun += count;
    any = true;
  }
  return any;
}

bool FarProcesses::all_sent() {
  std::lock_guard lock(out_mutex_);
  for (int process = 0; process < size(); ++process) {
    const Peer& peer = *peers_[static_cast<std::size_t>(process)];
    if (process != index() &&
        (!peer.waiting.empty() || peer.begun < peer.sending.size() || !transport_->sent(process)))
      return false;
  }
  return true;
}

bool FarProcesses::receive_some() {
  auto piece = transport_->receive();
  if (!piece) return false;
  Peer& peer = *peers_[static_cast<std::size_t>(piece->from)];
  peer.heard = now_ns();
  auto& bytes = peer.arriving;
  bytes.insert(bytes.end(), piece->bytes.begin(), piece->bytes.end());
  std::size_t at = 0;
  while (bytes.size() - at >= sizeof(Front)) {
    Front front;
    std::memcpy(&front, bytes.data() + at, sizeof front);
    if (bytes.size() - at - sizeof front < front.rest) break;
    serve(piece->from, front, std::span(bytes).subspan(at + sizeof front, front.rest));
    at += sizeof front + front.rest;
  }
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

/// Looks often while there is traffic. To yield instead would be slower: whoever sleeps gets a core
/// as soon as it wakes, whoever yields stands behind all threads of the ranks.
void FarProcesses::rest(int idle) {
  std::unique_lock lock(out_mutex_);
  const auto waits = [&] {
    return stopping_ || std::any_of(peers_.begin(), peers_.end(), [](const auto& peer) {
             return !peer->waiting.empty() && peer->begun == peer->sending.size();
           });
  };
  wake_.wait_for(lock, idle < kBusyRounds ? kBusyRest : kIdleRest, waits);
}

void FarProcesses::keep_in_touch() {
  const std::int64_t now = now_ns(), round = now - last_round_;
  last_round_ = now;
  if (round > kStall)
    for (const auto& peer : peers_) peer->heard += round;
  for (int process = 0; process < size(); ++process) {
    Peer& peer = *peers_[static_cast<std::size_t>(process)];
    if (process != index() && now - peer.heard > silence_) peer.lost = true;
  }
  if (now - last_ping_ < kPing) return;
  last_ping_ = now;
  for (int process = 0; process < size(); ++process)
    if (process != index()) ping(process);
}

void FarProcesses::ping(int process) {
  send(process, {Kind::Ping, 0, 0, static_cast<std::uint64_t>(now_ns()), 0, 0});
}

void FarProcesses::note_clock(int from, std::int64_t asked, std::int64_t there) {
  const std::int64_t now = now_ns();
  std::lock_guard lock(in_mutex_);
  Peer& peer = *peers_[static_cast<std::size_t>(from)];
  ++peer.pongs;
  peer.clock.push_back({there - (asked + (now - asked) / 2), (now - asked + 1) / 2});
  if (peer.clock.size() > kClockSamples) peer.clock.pop_front();
}

void FarProcesses::serve(int from, const Front& front, std::span<const std::byte> rest) {
  switch (front.kind) {
    case Kind::Put:
      std::copy(rest.begin(), rest.end(), own(front.number, front.offset, rest.size()).begin());
      return;
    case Kind::Add: {
      void* counter = own(front.number, front.offset, sizeof(std::uint64_t)).data();
      static_cast<std::atomic<std::uint64_t>*>(counter)->fetch_add(front.value);
      if (front.more > 0)
        reinterpret_cast<Bell*>(own(front.number, front.more - 1, sizeof(Bell)).data())->ring();
      return;
    }
    case Kind::Get:
      return send(from, {Kind::Got, 0, 0, front.value, 0, 0},
                  snapshot(own(front.number, front.offset, front.more)));
    case Kind::Ping:
      return send(from, {Kind::Pong, 0, 0, front.value, static_cast<std::uint64_t>(now_ns()), 0});
    case Kind::Fail:
      return set_failure({reinterpret_cast<const char*>(rest.data()), rest.size()});
    case Kind::Pong:
      note_clock(from, static_cast<std::int64_t>(front.value),
                 static_cast<std::int64_t>(front.more));
      break;
    case Kind::Got: {
      std::lock_guard lock(in_mutex_);
      const auto asked = asked_.extract(front.value);
      if (asked.empty()) throw std::runtime_error("an answer that nobody asked for");
      asked.mapped()->bytes.assign(rest.begin(), rest.end());
      asked.mapped()->here = true;
      break;
    }
    case Kind::Post: {
      std::lock_guard lock(in_mutex_);
      boxes_[{from, front.number}].emplace_back(rest.begin(), rest.end());
      break;
    }
    case Kind::Size: {
      std::lock_guard lock(in_mutex_);
      peers_[static_cast<std::size_t>(from)]->sizes[front.number] = front.value;
      break;
    }
    case Kind::Barrier: {
      std::lock_guard lock(in_mutex_);
      ++peers_[static_cast<std::size_t>(from)]->barriers;
      break;
    }
  }
  changed_.notify_all();
}

}  // namespace moescope::runtime
