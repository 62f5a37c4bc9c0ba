#include "gpu/comm/memory/pipe.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "gpu/comm/memory/notify_event.h"

namespace moescope::runtime {
namespace {

constexpr std::size_t kCapacity = std::size_t{1} << 20;

}  // namespace

struct Pipe::State {
  std::atomic<std::uint64_t> written{0}, read{0};
  NotifyEvent changed;
};

std::size_t Pipe::bytes() {
  return sizeof(State) + kCapacity;
}

Pipe::Pipe(std::span<std::byte> memory, std::function<void()> check)
    : state_(reinterpret_cast<State*>(memory.data())),
      ring_(memory.subspan(sizeof(State), kCapacity)),
      check_(std::move(check)) {}

void Pipe::put(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto written = state_->written.load(std::memory_order_relaxed);
    const auto room = [&] {
      return kCapacity - static_cast<std::size_t>(written - state_->read.load());
    };
    state_->changed.wait([&] { return room() > 0; }, check_);
    const std::size_t at = written % kCapacity;
    const std::size_t count = std::min({bytes.size(), room(), kCapacity - at});
    std::memcpy(ring_.data() + at, bytes.data(), count);
    state_->written.store(written + count);
    state_->changed.notify();
    bytes = bytes.subspan(count);
  }
}

void Pipe::get(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const auto read = state_->read.load(std::memory_order_relaxed);
    const auto there = [&] { return static_cast<std::size_t>(state_->written.load() - read); };
    state_->changed.wait([&] { return there() > 0; }, check_);
    const std::size_t at = read % kCapacity;
    const std::size_t count = std::min({bytes.size(), there(), kCapacity - at});
    std::memcpy(bytes.data(), ring_.data() + at, count);
    state_->read.store(read + count);
    state_->changed.notify();
    bytes = bytes.subspan(count);
  }
}

void Pipe::send(std::span<const std::byte> message) {
  const std::uint64_t size = message.size();
  put(std::as_bytes(std::span(&size, 1)));
  put(message);
}

std::vector<std::byte> Pipe::receive() {
  std::uint64_t size = 0;
  get(std::as_writable_bytes(std::span(&size, 1)));
  std::vector<std::byte> message(size);
  get(message);
  return message;
}

}  // namespace moescope::runtime
