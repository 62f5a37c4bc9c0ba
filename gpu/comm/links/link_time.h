// The time of one direction of one link, handed out to the transfers that want it.
#pragma once

#include <cstdint>
#include <vector>

namespace moescope::runtime {

/// A link moves one thing at a time: a transfer gets free time only. Times in ns of any clock.
class LinkTime {
 public:
  /// Takes `duration` of free time from `from` on, in pieces where others lie between, so that the
  /// order in which transfers of about the same time ask hardly matters. Returns when the last
  /// piece ends; `from` when there is nothing to move.
  std::int64_t take(std::int64_t from, std::int64_t duration);
  /// Drops what ended before `time`; nobody may take time before it afterwards.
  void forget(std::int64_t time);
  /// Taken so remote, ns.
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
