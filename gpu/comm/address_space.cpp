#include "gpu/comm/address_space.h"

#include <algorithm>
#include <cstring>
#include <deque>

namespace moescope::runtime {

const char* to_string(Link link) {
  constexpr std::array names = {"same_gpu", "nvlink", "ib"};
  return names.at(static_cast<std::size_t>(link));
}

const char* to_string(Purpose purpose) {
  constexpr std::array names = {"dispatch", "forward", "combine",    "kv_cache",
                                "weights",  "control", "all_gather", "reduce_scatter"};
  return names.at(static_cast<std::size_t>(purpose));
}

struct AddressSpace::RankState {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::atomic<std::uint64_t>> flags;
  std::array<std::array<std::atomic<std::uint64_t>, kLinks>, kPurposes> bytes{}, transfers{};
};

AddressSpace::AddressSpace(std::vector<int> node_of) : node_of_(std::move(node_of)) {
  for (std::size_t rank = 0; rank < node_of_.size(); ++rank)
    states_.push_back(std::make_unique<RankState>());
}

AddressSpace::~AddressSpace() = default;

Link AddressSpace::link(int a, int b) const {
  if (a == b) return Link::SameGpu;
  return node_of(a) == node_of(b) ? Link::NvLink : Link::Ib;
}

WindowId AddressSpace::add_window(std::size_t bytes) {
  std::vector<std::span<std::byte>> memory;
  for (int rank = 0; rank < ranks(); ++rank) {
    owned_.push_back(std::make_unique<std::byte[]>(bytes));
    memory.emplace_back(owned_.back().get(), bytes);
  }
  return add_window(std::move(memory));
}

WindowId AddressSpace::add_window(std::vector<std::span<std::byte>> memory) {
  if (memory.size() != node_of_.size())
    throw std::invalid_argument("a window needs memory at every rank");
  windows_.push_back(std::move(memory));
  return static_cast<WindowId>(windows_.size()) - 1;
}

FlagId AddressSpace::add_flag() {
  for (const auto& state : states_) state->flags.emplace_back(0);
  return flags_++;
}

std::span<std::byte> AddressSpace::local(int rank, WindowId window) const {
  return windows_.at(static_cast<std::size_t>(window)).at(static_cast<std::size_t>(rank));
}

std::byte* AddressSpace::at(const Place& place, std::size_t bytes) const {
  const auto memory = local(place.rank, place.window);
  if (place.offset > memory.size() || bytes > memory.size() - place.offset)
    throw std::out_of_range("a transfer leaves its window");
  return memory.data() + place.offset;
}

void AddressSpace::count(int rank, int peer, std::size_t bytes, Purpose purpose) {
  auto& state = *states_[static_cast<std::size_t>(rank)];
  const auto p = static_cast<std::size_t>(purpose), l = static_cast<std::size_t>(link(rank, peer));
  state.bytes[p][l].fetch_add(bytes, std::memory_order_relaxed);
  state.transfers[p][l].fetch_add(1, std::memory_order_relaxed);
}

void AddressSpace::write(int from, const Place& to, std::span<const std::byte> bytes,
                         Purpose purpose) {
  std::byte* place = at(to, bytes.size());
  if (!bytes.empty()) std::memcpy(place, bytes.data(), bytes.size());
  count(from, to.rank, bytes.size(), purpose);
}

void AddressSpace::read(int by, const Place& from, std::span<std::byte> out, Purpose purpose) {
  const std::byte* place = at(from, out.size());
  if (!out.empty()) std::memcpy(out.data(), place, out.size());
  count(by, from.rank, out.size(), purpose);
}

void AddressSpace::multicast(int from, std::span<const int> to, WindowId window, std::size_t offset,
                             std::span<const std::byte> bytes, Purpose purpose) {
  for (const int rank : to) write(from, {rank, window, offset}, bytes, purpose);
}

void AddressSpace::reduce(int by, std::span<const Place> sources, std::span<float> sum,
                          Purpose purpose) {
  std::fill(sum.begin(), sum.end(), 0.0F);
  for (const Place& source : sources) {
    const auto* values = reinterpret_cast<const float*>(at(source, sum.size_bytes()));
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += values[i];
    count(by, source.rank, sum.size_bytes(), purpose);
  }
}

void AddressSpace::signal(int to, FlagId flag) {
  auto& state = *states_[static_cast<std::size_t>(to)];
  {
    // The lock orders the change before a waiter's look, so that no wake-up is lost.
    std::lock_guard lock(state.mutex);
    state.flags[static_cast<std::size_t>(flag)].fetch_add(1, std::memory_order_release);
  }
  state.wake.notify_all();
}

void AddressSpace::wait(int rank, FlagId flag, std::uint64_t value) {
  auto& state = *states_[static_cast<std::size_t>(rank)];
  auto& counter = state.flags[static_cast<std::size_t>(flag)];
  if (counter.load(std::memory_order_acquire) < value && !aborted()) {
    std::unique_lock lock(state.mutex);
    state.wake.wait(lock,
                    [&] { return aborted() || counter.load(std::memory_order_acquire) >= value; });
  }
  if (aborted()) throw Aborted();
}

void AddressSpace::abort() noexcept {
  aborted_.store(true);
  for (const auto& state : states_) {
    { std::lock_guard lock(state->mutex); }
    state->wake.notify_all();
  }
}

Traffic AddressSpace::traffic(int rank) const {
  Traffic result;
  const auto& state = *states_[static_cast<std::size_t>(rank)];
  for (std::size_t p = 0; p < kPurposes; ++p)
    for (std::size_t l = 0; l < kLinks; ++l) {
      result.bytes[p][l] = state.bytes[p][l].load(std::memory_order_relaxed);
      result.transfers[p][l] = state.transfers[p][l].load(std::memory_order_relaxed);
    }
  return result;
}

Traffic AddressSpace::total_traffic() const {
  Traffic sum;
  for (int rank = 0; rank < ranks(); ++rank) {
    const Traffic one = traffic(rank);
    for (std::size_t p = 0; p < kPurposes; ++p)
      for (std::size_t l = 0; l < kLinks; ++l) {
        sum.bytes[p][l] += one.bytes[p][l];
        sum.transfers[p][l] += one.transfers[p][l];
      }
  }
  return sum;
}

}  // namespace moescope::runtime
