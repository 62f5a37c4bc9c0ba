#include "gpu/record/rank_log.h"

#include <algorithm>

namespace moescope::runtime {

const char* to_string(SpanName name) {
  constexpr std::array<const char*, kSpanNames> names = {"attention",
                                                         "attention all-gather",
                                                         "attention all-gather wait",
                                                         "attention reduce-scatter",
                                                         "attention reduce-scatter wait",
                                                         "dense mlp",
                                                         "gate",
                                                         "shared_expert",
                                                         "dispatch",
                                                         "dispatch forward",
                                                         "dispatch wait",
                                                         "experts",
                                                         "combine",
                                                         "combine reduce",
                                                         "combine wait",
                                                         "lm_head",
                                                         "kv hand-over",
                                                         "dispatch plan",
                                                         "plan copy",
                                                         "layer"};
  return names.at(static_cast<std::size_t>(name));
}

namespace {
constexpr std::size_t kRingCapacity = 1 << 14;
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

RankLogs::RankLogs(std::size_t ranks, Processes* processes, const std::vector<int>& host) {
  const std::size_t bytes = RankLog::bytes(kRingCapacity);
  if (processes == nullptr) {
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      owned_.push_back(std::make_unique<std::byte[]>(bytes));
      logs_.emplace_back(std::span(owned_.back().get(), bytes), kRingCapacity);
    }
    return;
  }
  const auto own = std::count(host.begin(), host.end(), processes->index());
  const auto parts = processes->allocate(static_cast<std::size_t>(own) * bytes);
  std::vector<std::size_t> used(parts.size());
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const auto process = static_cast<std::size_t>(host[rank]);
    logs_.emplace_back(parts[process].subspan(used[process], bytes), kRingCapacity);
    used[process] += bytes;
  }
}

}  // namespace moescope::runtime
