// What one rank leaves behind while it runs, until the recorder fetches it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "gpu/base/span_record.h"
#include "gpu/comm/memory/pages.h"
#include "gpu/comm/memory/processes.h"
#include "gpu/record/ring.h"

namespace moescope::runtime {

/// Rings of one rank. Those of a stream are written by the thread of that stream, one of a
/// micro-batch by the worker that finished its layer.
struct RankLog {
  /// Bytes for rings of `capacity`.
  static std::size_t bytes(std::size_t capacity);
  /// A view of zeroed memory; another process may make its own of the same.
  RankLog(std::span<std::byte> memory, std::size_t capacity);
  std::uint32_t next_correlation() {
    return correlation.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  /// Of all rings.
  std::uint64_t dropped() const;
  /// Of the fullest ring, 0 to 1.
  double fullness() const;
  std::deque<Ring<SpanRecord>> streams, micro_batches;
  std::deque<Ring<WorkerRecord>> workers;  ///< by stream
  std::atomic<std::uint32_t> correlation{0};
};

/// The logs of all ranks of a run: in memory that all its processes see, or each in its own.
class RankLogs {
 public:
  /// `processes` may be nullptr; `host[rank]` is the process of each rank otherwise.
  explicit RankLogs(std::size_t ranks, Processes* processes = nullptr,
                    const std::vector<int>& host = {});
  /// Entries of a ring of each of so many ranks: fewer where there are many ranks, so that all
  /// rings together stay bounded, and what they take, bytes.
  static std::size_t ring_capacity(std::size_t ranks);
  static std::size_t bytes(std::size_t ranks) {
    return ranks * RankLog::bytes(ring_capacity(ranks));
  }
  std::size_t size() const { return logs_.size(); }
  RankLog* log(std::size_t rank) { return &logs_[rank]; }
  const RankLog* log(std::size_t rank) const { return &logs_[rank]; }
  std::vector<RankLog*> all();  ///< by rank
  /// In the first process: fetches what ranks of processes logged that share no memory with it,
  /// in times of its own clock. Nothing when they are out of reach.
  void fetch();

 private:
  bool away(std::size_t rank) const;
  template <typename T>
  void fetch_rings(std::deque<Ring<T>> RankLog::*rings);

  Processes* processes_ = nullptr;
  std::vector<int> host_;
  Pages owned_;
  std::deque<RankLog> logs_;
};

}  // namespace moescope::runtime
