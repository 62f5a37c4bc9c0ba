// Schedules transfers on one direction of one link.
#pragma once

#include <cstdint>
#include <vector>

namespace moescope::runtime {

/// A link carries one transfer at a time. Times in ns of any clock.
class LinkTime {
 public:
  /// Takes `duration` of free time from `from` on, in pieces where others lie between, so that the
  /// order in which transfers of about the same time ask hardly matters. Returns when the last
  /// piece ends; `from` when there is nothing to move.
  std::int64_t take(std::int64_t from, std::int64_t duration);
  /// Drops what ended before `time`; no time before it may be taken afterwards.
  void forget(std::int64_t time);
  /// Taken so far, ns.
  std::int64_t taken() const { return taken_; }

 private:
  struct Busy {
    std::int64_t begin = 0, end = 0;
  };
  void join();

  std::vector<Busy> busy_;  ///< rising, never touching
  std::int64_t taken_ = 0;
};

}  // namespace moescope::runtime
