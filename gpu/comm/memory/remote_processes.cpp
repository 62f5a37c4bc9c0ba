#include "gpu/comm/memory/remote_processes.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "gpu/comm/memory/activity.h"
#include "gpu/comm/memory/remote_frames.h"

namespace moescope::runtime {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr auto kCheck = std::chrono::milliseconds(100);
constexpr std::int64_t kGoodClock = 50'000;  ///< ns

ClockOffset best_of(const std::deque<ClockOffset>& samples) {
  if (samples.empty()) return {0, std::numeric_limits<std::int64_t>::max()};
  return *std::min_element(
      samples.begin(), samples.end(),
      [](const ClockOffset& a, const ClockOffset& b) { return a.error < b.error; });
}

}  // namespace

RemoteProcesses::RemoteProcesses(std::unique_ptr<Transport> transport,
                                 std::chrono::nanoseconds silence)
    : transport_(std::move(transport)), silence_(silence.count()) {
  for (int process = 0; process < size(); ++process) {
    peers_.push_back(std::make_unique<Peer>());
    peers_.back()->heard = wire_now_ns();
  }
  last_round_ = last_ping_ = wire_now_ns();
  thread_ = std::thread([this] { run(); });
  try {
    if (first()) measure_clocks();
    barrier();
  } catch (...) {
    stop();
    throw;
  }
}

RemoteProcesses::~RemoteProcesses() {
  stop();
}

void RemoteProcesses::measure_clocks() {
  for (int process = 1; process < size(); ++process) {
    Peer& peer = *peers_[static_cast<std::size_t>(process)];
    const std::int64_t enough = wire_now_ns() + kSecond;
    for (int i = 1;; ++i) {
      ping(process);
      await([&] { return peer.pongs >= i; }, [&] { check_set_up(); });
      std::lock_guard lock(in_mutex_);
      const ClockOffset best = best_of(peer.clock);
      if (i == 1 || best.error < peer.clock_at_start.error) peer.clock_at_start = best;
      if (i >= RemoteProcesses::kClockSamples &&
          (peer.clock_at_start.error < kGoodClock || wire_now_ns() > enough))
        break;
    }
  }
}

ClockOffset RemoteProcesses::clock_at_start(int process) const {
  std::lock_guard lock(in_mutex_);
  return peers_[static_cast<std::size_t>(process)]->clock_at_start;
}

ClockOffset RemoteProcesses::clock_now(int process) const {
  if (process == index()) return {};
  std::lock_guard lock(in_mutex_);
  return best_of(peers_[static_cast<std::size_t>(process)]->clock);
}

template <typename Ready>
void RemoteProcesses::await(const Ready& ready, const Check& check) {
  const WaitsForOthers waits;
  std::unique_lock lock(in_mutex_);
  while (!changed_.wait_for(lock, kCheck, ready)) {
    lock.unlock();
    check();
    lock.lock();
  }
}

void RemoteProcesses::check_set_up() const {
  if (failed()) throw std::runtime_error(failure());
  for (int process = 0; process < size(); ++process)
    if (!alive(process))
      throw std::runtime_error("process " + std::to_string(process) + " cannot be reached");
}

/// Untouched pages cost nothing, so stand-ins have the full size.
std::span<std::byte> RemoteProcesses::map(int region, int process, std::size_t bytes) {
  Pages pages(bytes);
  const std::span<std::byte> part = pages.memory();
  std::unique_lock lock(memory_mutex_);
  regions_.resize(static_cast<std::size_t>(region) + 1);
  auto& parts = regions_.back();
  parts.resize(static_cast<std::size_t>(size()));
  parts[static_cast<std::size_t>(process)] = part;
  if (bytes > 0) {
    pages_.push_back(std::move(pages));
    places_[part.data()] = {process, region, 0};
  }
  return part;
}

std::vector<std::span<std::byte>> RemoteProcesses::allocate(std::size_t bytes) {
  const int region = static_cast<int>(regions_.size());
  // This process's part exists before others can refer to it.
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

void RemoteProcesses::barrier() {
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

bool RemoteProcesses::alive(int process) const {
  return process == index() || !peers_[static_cast<std::size_t>(process)]->lost;
}

void RemoteProcesses::leave(int exit_code) {
  if (exit_code == 0) try {
      barrier();
    } catch (const std::exception&) {  // the others fail
      exit_code = 1;
    }
  stop();
  transport_->leave(exit_code);
}

void RemoteProcesses::stop() {
  {
    std::lock_guard lock(out_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

RemoteProcesses::Where RemoteProcesses::find(const void* place) const {
  const auto* byte = static_cast<const std::byte*>(place);
  std::shared_lock lock(memory_mutex_);
  auto after = places_.upper_bound(byte);
  if (after == places_.begin()) throw std::out_of_range("no place of a window");
  const auto& [begin, part] = *--after;
  Where where = part;
  where.offset = static_cast<std::size_t>(byte - begin);
  return where;
}

std::span<std::byte> RemoteProcesses::own(int region, std::size_t offset, std::size_t bytes) const {
  std::shared_lock lock(memory_mutex_);
  const auto part =
      regions_.at(static_cast<std::size_t>(region)).at(static_cast<std::size_t>(index()));
  if (offset > part.size() || bytes > part.size() - offset)
    throw std::out_of_range("a transfer leaves its window");
  return part.subspan(offset, bytes);
}

void RemoteProcesses::send(int to, const Front& front, std::span<const std::byte> rest) {
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

void RemoteProcesses::send_all(const Front& front, std::span<const std::byte> rest) {
  for (int process = 0; process < size(); ++process)
    if (process != index()) send(process, front, rest);
}

void RemoteProcesses::put(const void* place, std::span<const std::byte> bytes) {
  const Where where = find(place);
  send(where.process, {Kind::Put, where.region, where.offset, 0, 0, 0}, bytes);
}

void RemoteProcesses::add(const std::atomic<std::uint64_t>& counter, std::uint64_t value,
                          const NotifyEvent* event) {
  const Where where = find(&counter);
  const std::uint64_t beside = event == nullptr ? 0 : find(event).offset + 1;
  send(where.process, {Kind::Add, where.region, where.offset, value, beside, 0});
}

void RemoteProcesses::get(std::span<const Fetch> fetches, const Check& check) {
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

void RemoteProcesses::post(int to, int mailbox, std::span<const std::byte> message) {
  send(to, {Kind::Post, mailbox, 0, 0, 0, 0}, message);
}

std::vector<std::byte> RemoteProcesses::take(int from, int mailbox, const Check& check) {
  std::unique_lock lock(in_mutex_);
  auto& messages = mailboxes_[{from, mailbox}];
  lock.unlock();
  await([&] { return !messages.empty(); }, check);
  lock.lock();
  auto message = std::move(messages.front());
  messages.pop_front();
  return message;
}

void RemoteProcesses::set_failure(std::string reason) noexcept {
  {
    std::lock_guard lock(in_mutex_);
    if (failed()) return;
    failure_ = std::move(reason);
    failed_.store(true, std::memory_order_release);
  }
  changed_.notify_all();
}

void RemoteProcesses::fail(const std::string& reason) noexcept {
  if (failed()) return;
  set_failure(reason);
  send_all({Kind::Fail, 0, 0, 0, 0, 0}, std::as_bytes(std::span(reason)));
}

std::string RemoteProcesses::failure() const {
  std::lock_guard lock(in_mutex_);
  return failure_;
}

}  // namespace moescope::runtime
