// Limits that a running node should keep, and a log of when it did not.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moescope {

enum class AlarmKind : std::uint8_t {
  Imbalance,  ///< mean over layers of the newest load windows, max / mean of the GPUs
  Ttft,       ///< 95th percentile of the time to first token, s
  Tpot,       ///< 95th percentile of the time per output token, s
  Drops,      ///< records that were dropped since the last look
  HungRanks,  ///< ranks that hang now
};
inline constexpr std::size_t kAlarmKinds = 5;
const char* to_string(
    AlarmKind kind);  ///< "imbalance", "ttft_p95", "tpot_p95", "drops", "hung_ranks"

/// The largest value of each kind that is fine; nullopt: not watched.
struct AlarmLimits {
  std::array<std::optional<double>, kAlarmKinds> most = {1.5, 1.0, 0.1, 0.0, 0.0};
  std::optional<double>& of(AlarmKind kind) { return most[static_cast<std::size_t>(kind)]; }
  const std::optional<double>& of(AlarmKind kind) const {
    return most[static_cast<std::size_t>(kind)];
  }
  friend bool operator==(const AlarmLimits&, const AlarmLimits&) = default;
};

/// What a node was seen to do; nullopt: not known.
struct AlarmReading {
  double time = 0;                                      ///< s of serving
  std::optional<double> imbalance, ttft_p95, tpot_p95;  ///< as AlarmKind
  std::uint64_t dropped = 0;                            ///< in all
  std::size_t hung_ranks = 0;
};

/// One time over a limit.
struct Alarm {
  AlarmKind kind = AlarmKind::Imbalance;
  double raised = 0;              ///< s of serving
  std::optional<double> cleared;  ///< nullopt: still over the limit
  double worst = 0, limit = 0;    ///< highest value, and the limit then
};
/// "imbalance 1.82, over the limit of 1.50, since 12 s": for messages and the command line.
std::string describe(const Alarm& alarm);

/// Raises an alarm after two readings in a row over the limit, so that one odd window is none, and
/// clears it after two within 95 % of it, so that a value at the limit does not flicker.
class AlarmWatch {
 public:
  explicit AlarmWatch(AlarmLimits limits = {}) : limits_(limits) {}
  /// Alarms of kinds that are no longer watched end with the next reading.
  void set_limits(AlarmLimits limits) { limits_ = limits; }
  const AlarmLimits& limits() const { return limits_; }

  /// Alarms that were raised by this reading. Readings come in order of time; one of an earlier
  /// time is of another run and starts over.
  std::vector<Alarm> update(const AlarmReading& reading);
  /// Oldest first, the last kMostAlarms.
  const std::vector<Alarm>& log() const { return log_; }
  std::size_t open() const;  ///< alarms that are not cleared

  static constexpr std::size_t kMostAlarms = 1000;

 private:
  struct State {
    int over = 0, within = 0;          ///< readings in a row
    std::optional<std::size_t> alarm;  ///< in log_, while it is open
  };
  void clear(State& state, double time);
  std::optional<double> value(AlarmKind kind, const AlarmReading& reading) const;

  AlarmLimits limits_;
  std::array<State, kAlarmKinds> states_;
  std::vector<Alarm> log_;
  std::optional<AlarmReading> last_;
};

}  // namespace moescope
