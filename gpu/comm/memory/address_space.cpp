#include "gpu/comm/memory/address_space.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "gpu/comm/memory/activity.h"
#include "gpu/comm/memory/notify_event.h"

namespace moescope::runtime {

namespace {
constexpr int kMaxFlags = 256;
constexpr std::size_t kMaxReason = 512;
constexpr std::uint64_t kNobodyWaits = ~std::uint64_t{0};
}  // namespace

// Both lie in memory that all processes see: atomics only, no pointers.
struct AddressSpace::RankState {
  NotifyEvent event;
  std::array<std::atomic<std::uint64_t>, kMaxFlags> flags{};
  /// The value that the waiter of a flag waits for: most signals of an all-to-all do not need to
  /// wake it.
  std::array<std::atomic<std::uint64_t>, kMaxFlags> awaited{};
  std::array<std::array<std::atomic<std::uint64_t>, kLinks>, kPurposes> bytes{}, transfers{};
};

struct AddressSpace::RunState {
  std::atomic<std::uint32_t> claimed{0}, aborted{0};
  char reason[kMaxReason] = {};
};

AddressSpace::AddressSpace(std::vector<int> node_of)
    : AddressSpace(std::move(node_of), nullptr, {}) {}

AddressSpace::AddressSpace(std::vector<int> node_of, Processes* processes, std::vector<int> host)
    : node_of_(std::move(node_of)),
      host_(std::move(host)),
      processes_(processes),
      remote_(processes == nullptr ? nullptr : processes->remote()) {
  const std::vector<std::size_t> room(node_of_.size(), sizeof(RankState) + sizeof(RunState));
  for (const auto memory : allocate(room)) {
    const bool own = here(static_cast<int>(states_.size()));
    void* const run = memory.data() + sizeof(RankState);
    states_.push_back(own ? new (memory.data()) RankState
                          : std::launder(reinterpret_cast<RankState*>(memory.data())));
    if (states_.size() == 1)
      run_ = own ? new (run) RunState : std::launder(static_cast<RunState*>(run));
  }
  if (processes_ != nullptr) processes_->barrier();
}

AddressSpace::~AddressSpace() = default;

std::vector<std::span<std::byte>> AddressSpace::allocate(const std::vector<std::size_t>& bytes) {
  const auto align = [](std::size_t size) { return (size + 63) / 64 * 64; };
  std::vector<std::span<std::byte>> memory(bytes.size());
  if (processes_ == nullptr) {
    std::size_t all = 0, used = 0;
    for (const std::size_t size : bytes) all += align(size);
    owned_.emplace_back(all);
    for (std::size_t rank = 0; rank < bytes.size(); ++rank) {
      memory[rank] = owned_.back().memory().subspan(used, bytes[rank]);
      used += align(bytes[rank]);
    }
    return memory;
  }
  std::size_t own = 0;
  for (std::size_t rank = 0; rank < bytes.size(); ++rank)
    if (here(static_cast<int>(rank))) own += align(bytes[rank]);
  const auto parts = processes_->allocate(own);
  std::vector<std::size_t> used(parts.size());
  for (std::size_t rank = 0; rank < bytes.size(); ++rank) {
    const auto process = static_cast<std::size_t>(host_[rank]);
    memory[rank] = parts[process].subspan(used[process], bytes[rank]);
    used[process] += align(bytes[rank]);
  }
  return memory;
}

Link AddressSpace::link(int a, int b) const {
  if (a == b) return Link::SameGpu;
  return node_of(a) == node_of(b) ? Link::NvLink : Link::Ib;
}

WindowId AddressSpace::add_window(std::size_t bytes) {
  return add_window(std::vector<std::size_t>(node_of_.size(), bytes));
}

WindowId AddressSpace::add_window(const std::vector<std::size_t>& bytes) {
  if (bytes.size() != node_of_.size())
    throw std::invalid_argument("a window needs a size at every rank");
  windows_.push_back(allocate(bytes));
  return static_cast<WindowId>(windows_.size()) - 1;
}

WindowId AddressSpace::add_window(std::vector<std::span<std::byte>> memory) {
  if (memory.size() != node_of_.size())
    throw std::invalid_argument("a window needs memory at every rank");
  if (processes_ != nullptr) throw std::invalid_argument("no other process sees this memory");
  windows_.push_back(std::move(memory));
  return static_cast<WindowId>(windows_.size()) - 1;
}

FlagId AddressSpace::add_flag() {
  if (flags_ == kMaxFlags) throw std::length_error("the address space has no more flags");
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
  if (away(rank)) {
    remote_->add(state.bytes[p][l], bytes, nullptr);
    return remote_->add(state.transfers[p][l], 1, nullptr);
  }
  state.bytes[p][l].fetch_add(bytes, std::memory_order_relaxed);
  state.transfers[p][l].fetch_add(1, std::memory_order_relaxed);
}

void AddressSpace::add_traffic(int rank, const Traffic& traffic) {
  auto& state = *states_[static_cast<std::size_t>(rank)];
  for (std::size_t p = 0; p < kPurposes; ++p)
    for (std::size_t l = 0; l < kLinks; ++l) {
      state.bytes[p][l].fetch_add(traffic.bytes[p][l], std::memory_order_relaxed);
      state.transfers[p][l].fetch_add(traffic.transfers[p][l], std::memory_order_relaxed);
    }
}

void AddressSpace::fetch(const void* place, std::span<std::byte> out) {
  const RemoteMemory::Fetch one{place, out};
  remote_->get({&one, 1}, [this] { check_processes(); });
}

std::span<const std::byte> AddressSpace::look(int rank, std::span<const std::byte> memory,
                                              std::vector<std::byte>& room) {
  if (!away(rank)) return memory;
  room.resize(memory.size());
  fetch(memory.data(), room);
  return room;
}

void AddressSpace::write(int from, const Place& to, std::span<const std::byte> bytes,
                         Purpose purpose) {
  std::byte* place = at(to, bytes.size());
  if (!bytes.empty()) {
    if (away(to.rank))
      remote_->put(place, bytes);
    else
      std::memcpy(place, bytes.data(), bytes.size());
  }
  count(from, to.rank, bytes.size(), purpose);
}

void AddressSpace::read(int by, const Place& from, std::span<std::byte> out, Purpose purpose) {
  const std::span<const std::byte> memory{at(from, out.size()), out.size()};
  if (!out.empty()) {
    std::vector<std::byte> room;
    const auto bytes = look(from.rank, memory, room);
    if (away(by))
      remote_->put(out.data(), bytes);
    else
      std::memcpy(out.data(), bytes.data(), bytes.size());
  }
  count(by, from.rank, out.size(), purpose);
}

void AddressSpace::copy(int by, int from, std::span<const std::byte> memory,
                        std::span<std::byte> out, Purpose purpose) {
  if (processes_ != nullptr) throw std::invalid_argument("no other process sees this memory");
  if (out.size() > memory.size()) throw std::out_of_range("a transfer leaves its memory");
  if (!out.empty()) std::memcpy(out.data(), memory.data(), out.size());
  count(by, from, out.size(), purpose);
}

void AddressSpace::multicast(int from, std::span<const int> to, WindowId window, std::size_t offset,
                             std::span<const std::byte> bytes, Purpose purpose) {
  for (const int rank : to) write(from, {rank, window, offset}, bytes, purpose);
}

void AddressSpace::reduce(int by, std::span<const Place> sources, std::span<float> sum,
                          Purpose purpose) {
  std::fill(sum.begin(), sum.end(), 0.0F);
  std::vector<std::byte> room;
  for (const Place& source : sources) {
    const std::span<const std::byte> memory{at(source, sum.size_bytes()), sum.size_bytes()};
    const auto* values = reinterpret_cast<const float*>(look(source.rank, memory, room).data());
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += values[i];
    count(by, source.rank, sum.size_bytes(), purpose);
  }
}

void AddressSpace::signal(int to, FlagId flag) {
  auto& state = *states_[static_cast<std::size_t>(to)];
  if (away(to)) return remote_->add(state.flags[static_cast<std::size_t>(flag)], 1, &state.event);
  const auto f = static_cast<std::size_t>(flag);
  // The waiter publishes its value before it reads the flag, so that one side always sees the
  // other.
  const std::uint64_t value = state.flags[f].fetch_add(1) + 1;
  if (value >= state.awaited[f].load()) state.event.notify();
}

void AddressSpace::wait(int rank, FlagId flag, std::uint64_t value) {
  auto& state = *states_[static_cast<std::size_t>(rank)];
  const auto& counter = state.flags[static_cast<std::size_t>(flag)];
  auto& awaited = state.awaited[static_cast<std::size_t>(flag)];
  const auto ready = [&] { return aborted() || counter.load() >= value; };
  if (!ready()) {
    const WaitsForOthers waits;
    awaited.store(value);
    state.event.wait(ready, [&] { check_processes(); });
    awaited.store(kNobodyWaits);
  }
  if (aborted()) throw Aborted();
}

void AddressSpace::abort(const std::string& reason) noexcept {
  if (remote_ != nullptr) {
    remote_->fail(reason);
  } else if (run_->claimed.exchange(1) == 0) {
    std::strncpy(run_->reason, reason.c_str(), kMaxReason - 1);
    run_->aborted.store(1, std::memory_order_release);
  }
  for (RankState* state : states_) state->event.notify();
}

bool AddressSpace::aborted() const {
  if (remote_ != nullptr) return remote_->failed();
  return run_->aborted.load(std::memory_order_acquire) != 0;
}

std::string AddressSpace::abort_reason() const {
  if (remote_ != nullptr) return remote_->failure();
  return aborted() ? run_->reason : "";
}

void AddressSpace::check_processes() {
  if (processes_ != nullptr)
    for (int process = 0; process < processes_->size() && !aborted(); ++process)
      if (!processes_->alive(process)) abort(lost(process));
  if (aborted()) throw Aborted();
}

std::string AddressSpace::lost(int process) const {
  std::string ranks;
  for (std::size_t rank = 0; rank < host_.size(); ++rank)
    if (host_[rank] == process) ranks += (ranks.empty() ? "" : ", ") + std::to_string(rank);
  return "process " + std::to_string(process) +
         (remote_ == nullptr ? " has ended, with it ranks "
                             : " cannot be reached, with it ranks ") +
         ranks;
}

Traffic AddressSpace::traffic(int rank) {
  Traffic result;
  const auto& state = *states_[static_cast<std::size_t>(rank)];
  if (away(rank)) {
    fetch(&state.bytes, std::as_writable_bytes(std::span(result.bytes)));
    fetch(&state.transfers, std::as_writable_bytes(std::span(result.transfers)));
    return result;
  }
  for (std::size_t p = 0; p < kPurposes; ++p)
    for (std::size_t l = 0; l < kLinks; ++l) {
      result.bytes[p][l] = state.bytes[p][l].load(std::memory_order_relaxed);
      result.transfers[p][l] = state.transfers[p][l].load(std::memory_order_relaxed);
    }
  return result;
}

std::uint64_t AddressSpace::bytes_sent(int rank, Purpose purpose, Link link) const {
  return states_[static_cast<std::size_t>(rank)]
      ->bytes[static_cast<std::size_t>(purpose)][static_cast<std::size_t>(link)]
      .load(std::memory_order_relaxed);
}

Traffic AddressSpace::total_traffic() {
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
