// One address space over all ranks: read, write, multicast, reduce, and flags to wait on. Every
// transfer is counted by purpose and link class. Here the ranks are threads of one process or of
// several, which share memory or send each other messages; the same calls fit peer base pointers of
// a GPU.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "gpu/base/traffic.h"
#include "gpu/comm/memory/pages.h"
#include "gpu/comm/memory/processes.h"
#include "gpu/comm/memory/remote_memory.h"

namespace moescope::runtime {

using WindowId = int;
using FlagId = int;

/// A place in a window of a rank.
struct Place {
  int rank = 0;
  WindowId window = 0;
  std::size_t offset = 0;  ///< bytes
};

class AddressSpace {
 public:
  /// `node_of[rank]` is the node of each rank.
  explicit AddressSpace(std::vector<int> node_of);
  /// Ranks in several processes: `host[rank]` is the process of each. Every process makes the same
  /// windows and flags in the same order. `processes` may be nullptr: one process.
  AddressSpace(std::vector<int> node_of, Processes* processes, std::vector<int> host);
  ~AddressSpace();

  int ranks() const { return static_cast<int>(node_of_.size()); }
  int node_of(int rank) const { return node_of_[static_cast<std::size_t>(rank)]; }
  Link link(int a, int b) const;
  Processes* processes() const { return processes_; }
  /// This process hosts the rank.
  bool here(int rank) const {
    return processes_ == nullptr || host_[static_cast<std::size_t>(rank)] == processes_->index();
  }

  /// Before any rank runs: memory of `bytes` at every rank, or of bytes[rank]; zeroed.
  WindowId add_window(std::size_t bytes);
  WindowId add_window(const std::vector<std::size_t>& bytes);
  /// Memory that exists, of a run in one process.
  WindowId add_window(std::vector<std::span<std::byte>> memory);
  /// A counter at every rank, starting at 0.
  FlagId add_flag();

  /// The rank's part of a window; of every rank, whichever process hosts it. Of a rank in a process
  /// that shares no memory with this one it only names places.
  std::span<std::byte> local(int rank, WindowId window) const;
  /// What `memory` of the rank holds: that memory, or a copy in `room`. Not counted.
  std::span<const std::byte> look(int rank, std::span<const std::byte> memory,
                                  std::vector<std::byte>& room);

  /// Copies `bytes` to `to`, from rank `from`. Throws std::out_of_range outside the window.
  void write(int from, const Place& to, std::span<const std::byte> bytes, Purpose purpose);
  /// Copies from `from` into memory of rank `by`, which may be in another process.
  void read(int by, const Place& from, std::span<std::byte> out, Purpose purpose);
  /// Likewise from memory of rank `from` that is in no window: of a run in one process.
  void copy(int by, int from, std::span<const std::byte> memory, std::span<std::byte> out,
            Purpose purpose);
  /// Writes the same bytes at the same offset of every rank in `to`; counted once per receiver.
  void multicast(int from, std::span<const int> to, WindowId window, std::size_t offset,
                 std::span<const std::byte> bytes, Purpose purpose);
  /// sum[i] = the sum of the sources' floats in the order of `sources`. Counted as reads.
  void reduce(int by, std::span<const Place> sources, std::span<float> sum, Purpose purpose);

  /// Counts a transfer that something else made, and all that `rank` has sent elsewhere.
  void count(int rank, int peer, std::size_t bytes, Purpose purpose);
  void add_traffic(int rank, const Traffic& traffic);

  /// Adds one to a flag of `to`; earlier writes are visible to its waiters.
  void signal(int to, FlagId flag);
  /// Waits until the flag of `rank` is at least `value`. Throws Aborted.
  void wait(int rank, FlagId flag, std::uint64_t value);
  /// Ends all present and later waits in all processes with Aborted. The first reason is kept.
  void abort(const std::string& reason) noexcept;
  bool aborted() const;
  std::string abort_reason() const;
  /// Throws Aborted after an abort; aborts when another process has ended.
  void check_processes();

  /// Traffic that `rank` has started so far.
  Traffic traffic(int rank);
  Traffic total_traffic();
  /// traffic(rank).of(purpose, link) of a rank that is here, without reading the rest: asked for
  /// around every span.
  std::uint64_t bytes_sent(int rank, Purpose purpose, Link link) const;

 private:
  struct RankState;
  struct RunState;
  std::byte* at(const Place& place, std::size_t bytes) const;
  std::string lost(int process) const;
  /// The rank is in a process that shares no memory with this one.
  bool away(int rank) const { return remote_ != nullptr && !here(rank); }
  void fetch(const void* place, std::span<std::byte> out);

  /// Zeroed memory of bytes[rank] at every rank.
  std::vector<std::span<std::byte>> allocate(const std::vector<std::size_t>& bytes);

  std::vector<int> node_of_, host_;
  Processes* processes_ = nullptr;
  RemoteMemory* remote_ = nullptr;
  std::vector<RankState*> states_;                          ///< in the first memory of each rank
  RunState* run_ = nullptr;                                 ///< likewise, of rank 0
  std::vector<std::vector<std::span<std::byte>>> windows_;  ///< [window][rank]
  std::vector<Pages> owned_;
  int flags_ = 0;
};

}  // namespace moescope::runtime
