#include "gpu/record/rank_log.h"

#include <algorithm>
#include <bit>

#include "gpu/comm/memory/remote_memory.h"

namespace moescope::runtime {

namespace {
constexpr std::size_t kRingCapacity = 1 << 14, kLeastCapacity = 1 << 10;
constexpr std::size_t kManyRanks = 64;  ///< from here on rings become smaller
constexpr std::size_t kWorkersPerSpan = 4;
}  // namespace

std::size_t RankLog::bytes(std::size_t capacity) {
  return (kLogStreams + kMaxMicroBatches) * Ring<SpanRecord>::bytes(capacity) +
         kLogStreams * Ring<WorkerRecord>::bytes(kWorkersPerSpan * capacity);
}

RankLog::RankLog(std::span<std::byte> memory, std::size_t capacity) {
  const auto add = [&]<typename T>(std::deque<Ring<T>>& rings, std::size_t entries) {
    rings.emplace_back(memory, entries);
    memory = memory.subspan(Ring<T>::bytes(entries));
  };
  for (int i = 0; i < kLogStreams; ++i) add(streams, capacity);
  for (int i = 0; i < kMaxMicroBatches; ++i) add(micro_batches, capacity);
  for (int i = 0; i < kLogStreams; ++i) add(workers, kWorkersPerSpan * capacity);
}

std::uint64_t RankLog::dropped() const {
  std::uint64_t sum = 0;
  for (const auto& ring : streams) sum += ring.dropped();
  for (const auto& ring : micro_batches) sum += ring.dropped();
  for (const auto& ring : workers) sum += ring.dropped();
  return sum;
}

double RankLog::fullness() const {
  double most = 0;
  for (const auto* rings : {&streams, &micro_batches})
    for (const auto& ring : *rings) most = std::max(most, ring.fullness());
  for (const auto& ring : workers) most = std::max(most, ring.fullness());
  return most;
}

std::size_t RankLogs::ring_capacity(std::size_t ranks) {
  if (ranks <= kManyRanks) return kRingCapacity;
  return std::max(std::bit_floor(kRingCapacity * kManyRanks / ranks), kLeastCapacity);
}

RankLogs::RankLogs(std::size_t ranks, Processes* processes, const std::vector<int>& host)
    : processes_(processes), host_(host) {
  const std::size_t capacity = ring_capacity(ranks), bytes = RankLog::bytes(capacity);
  if (processes == nullptr) {
    owned_ = Pages(ranks * bytes);
    for (std::size_t rank = 0; rank < ranks; ++rank)
      logs_.emplace_back(owned_.memory().subspan(rank * bytes, bytes), capacity);
    return;
  }
  const auto own = std::count(host.begin(), host.end(), processes->index());
  const auto parts = processes->allocate(static_cast<std::size_t>(own) * bytes);
  std::vector<std::size_t> used(parts.size());
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const auto process = static_cast<std::size_t>(host[rank]);
    logs_.emplace_back(parts[process].subspan(used[process], bytes), capacity);
    used[process] += bytes;
  }
}

std::vector<RankLog*> RankLogs::all() {
  std::vector<RankLog*> logs;
  for (RankLog& log : logs_) logs.push_back(&log);
  return logs;
}

bool RankLogs::away(std::size_t rank) const {
  return host_[rank] != processes_->index();
}

/// The same ring of all ranks of other processes: their figures in one question, their new entries
/// in another. What is fetched is given to the stand-in, which is then drained as any ring.
template <typename T>
void RankLogs::fetch_rings(std::deque<Ring<T>> RankLog::*rings) {
  RemoteMemory& remote = *processes_->remote();
  const auto check = [&] {
    for (const int process : host_)
      if (remote.failed() || !processes_->alive(process)) throw Aborted();
  };
  struct Source {
    Ring<T>* ring;
    std::int64_t clock;
    typename Ring<T>::Figures figures{};
    std::vector<T> entries{};
  };
  std::vector<Source> sources;
  for (std::size_t rank = 0; rank < size(); ++rank)
    if (away(rank))
      for (Ring<T>& ring : log(rank)->*rings)
        sources.push_back({&ring, remote.clock_at_start(host_[rank]).offset});
  std::vector<RemoteMemory::Fetch> fetches;
  for (Source& source : sources)
    fetches.push_back(
        {source.ring->figures_place(), std::as_writable_bytes(std::span(&source.figures, 1))});
  remote.get(fetches, check);
  fetches.clear();
  for (Source& source : sources) {
    const auto [head, tail, dropped] = source.figures;
    source.entries.resize(head - tail);
    const auto first =
        std::min(head - tail, source.ring->capacity() - tail % source.ring->capacity());
    const std::span all(source.entries);
    for (const auto& [begin, part] :
         {std::pair(tail, all.first(first)), std::pair(tail + first, all.subspan(first))})
      if (!part.empty())
        fetches.push_back({source.ring->entry_place(begin), std::as_writable_bytes(part)});
  }
  if (fetches.empty()) return;
  remote.get(fetches, check);
  for (Source& source : sources) {
    if (source.entries.empty()) continue;
    source.ring->set_dropped(source.figures.dropped);
    remote.put(source.ring->tail_place(), std::as_bytes(std::span(&source.figures.head, 1)));
    for (T& entry : source.entries) {
      entry.begin -= source.clock;
      entry.end -= source.clock;
      source.ring->push(entry);
    }
  }
}

void RankLogs::fetch() {
  if (processes_ == nullptr || processes_->remote() == nullptr) return;
  try {
    fetch_rings(&RankLog::streams);
    fetch_rings(&RankLog::micro_batches);
    fetch_rings(&RankLog::workers);
  } catch (const Aborted&) {  // their last records are lost with them
  }
}

}  // namespace moescope::runtime
