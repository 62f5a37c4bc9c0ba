// The thread of RemoteProcesses that serves requests of other processes.
#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "gpu/comm/memory/remote_frames.h"

namespace moescope::runtime {
namespace {

constexpr std::int64_t kPing = 500'000'000;  ///< ns
/// A longer round means that the process was stopped.
constexpr std::int64_t kStall = 1'000'000'000;
constexpr auto kFlush = std::chrono::seconds(2);
constexpr std::size_t kMostAtOnce = std::size_t{1} << 26;
constexpr std::size_t kMostCounters = 512;
constexpr int kBusyRounds = 200;
constexpr auto kBusyRest = std::chrono::microseconds(20),
               kIdleRest = std::chrono::microseconds(500);

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

}  // namespace

void RemoteProcesses::run() {
  try {
    int idle = 0;
    std::int64_t give_up = 0;
    for (;;) {
      const bool sent = send_some(), received = receive_some();
      {
        std::lock_guard lock(out_mutex_);
        if (stopping_ && give_up == 0)
          give_up = wire_now_ns() + std::chrono::nanoseconds(kFlush).count();
      }
      if (give_up != 0 && (all_sent() || wire_now_ns() > give_up)) return;
      if (give_up == 0) keep_in_touch();
      idle = sent || received ? 0 : idle + 1;
      if (idle > 0) rest(idle);
    }
  } catch (const std::exception& error) {
    set_failure(error.what());
    for (const auto& peer : peers_) peer->lost = true;
  }
}

bool RemoteProcesses::send_some() {
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

bool RemoteProcesses::all_sent() {
  std::lock_guard lock(out_mutex_);
  for (int process = 0; process < size(); ++process) {
    const Peer& peer = *peers_[static_cast<std::size_t>(process)];
    if (process != index() &&
        (!peer.waiting.empty() || peer.begun < peer.sending.size() || !transport_->sent(process)))
      return false;
  }
  return true;
}

bool RemoteProcesses::receive_some() {
  auto piece = transport_->receive();
  if (!piece) return false;
  Peer& peer = *peers_[static_cast<std::size_t>(piece->from)];
  peer.heard = wire_now_ns();
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

/// Polls often while there is traffic. Yielding would be slower: a sleeper gets a core as soon as
/// it wakes, a yielding thread queues behind all threads of the ranks.
void RemoteProcesses::rest(int idle) {
  std::unique_lock lock(out_mutex_);
  const auto waits = [&] {
    return stopping_ || std::any_of(peers_.begin(), peers_.end(), [](const auto& peer) {
             return !peer->waiting.empty() && peer->begun == peer->sending.size();
           });
  };
  wake_.wait_for(lock, idle < kBusyRounds ? kBusyRest : kIdleRest, waits);
}

void RemoteProcesses::keep_in_touch() {
  const std::int64_t now = wire_now_ns(), round = now - last_round_;
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

void RemoteProcesses::ping(int process) {
  send(process, {Kind::Ping, 0, 0, static_cast<std::uint64_t>(wire_now_ns()), 0, 0});
}

void RemoteProcesses::note_clock(int from, std::int64_t asked, std::int64_t there) {
  const std::int64_t now = wire_now_ns();
  std::lock_guard lock(in_mutex_);
  Peer& peer = *peers_[static_cast<std::size_t>(from)];
  ++peer.pongs;
  peer.clock.push_back({there - (asked + (now - asked) / 2), (now - asked + 1) / 2});
  if (peer.clock.size() > kClockSamples) peer.clock.pop_front();
}

void RemoteProcesses::serve(int from, const Front& front, std::span<const std::byte> rest) {
  switch (front.kind) {
    case Kind::Put:
      std::copy(rest.begin(), rest.end(), own(front.number, front.offset, rest.size()).begin());
      return;
    case Kind::Add: {
      void* counter = own(front.number, front.offset, sizeof(std::uint64_t)).data();
      static_cast<std::atomic<std::uint64_t>*>(counter)->fetch_add(front.value);
      if (front.more > 0)
        reinterpret_cast<NotifyEvent*>(
            own(front.number, front.more - 1, sizeof(NotifyEvent)).data())
            ->notify();
      return;
    }
    case Kind::Get:
      return send(from, {Kind::Got, 0, 0, front.value, 0, 0},
                  snapshot(own(front.number, front.offset, front.more)));
    case Kind::Ping:
      return send(from,
                  {Kind::Pong, 0, 0, front.value, static_cast<std::uint64_t>(wire_now_ns()), 0});
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
      mailboxes_[{from, front.number}].emplace_back(rest.begin(), rest.end());
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
