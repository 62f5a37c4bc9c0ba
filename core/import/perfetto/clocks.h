// The clocks of a Perfetto trace: every writer has its own, snapshots relate them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "core/import/perfetto/perfetto.pb.h"
#include "core/trace/types.h"

namespace moescope::perfetto {

inline constexpr std::uint32_t kRealtime = 1, kBootTime = 6;

/// Brings times to the clock of the trace, in ns.
class Clocks {
 public:
  /// Snapshots come in the order of the file; of each pair of clocks the first one counts.
  void add(const ClockSnapshot& snapshot, std::uint32_t sequence);
  /// `timestamp` of clock `clock` as a time of the trace; nullopt when it is out of range. A clock
  /// that no snapshot has is taken as that of the trace.
  std::optional<TimeNs> trace_time(std::uint64_t timestamp, std::uint32_t clock,
                                   std::uint32_t sequence);
  /// Wall clock at time 0 of the trace, where a snapshot has it.
  std::optional<TimeNs> epoch() const;
  /// Times of clocks that no snapshot has.
  std::uint64_t unrelated() const { return unrelated_; }

 private:
  struct Clock {
    std::optional<TimeNs> offset;  ///< added to its times
    bool incremental = false;
    std::uint64_t unit = 1;  ///< ns
    std::uint64_t last = 0;  ///< of an incremental one, in its units
  };
  using Key = std::pair<std::uint32_t, std::uint32_t>;  ///< sequence (0: all), clock
  static Key key(std::uint32_t clock, std::uint32_t sequence);

  std::map<Key, Clock> clocks_;
  std::uint32_t primary_ = kBootTime;
  std::uint64_t unrelated_ = 0;
};

}  // namespace moescope::perfetto
