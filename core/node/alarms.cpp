#include "core/node/alarms.h"

#include <fmt/format.h>

#include <algorithm>

namespace moescope {
namespace {

constexpr int kReadings = 2;          // in a row, until something is believed
constexpr double kClearShare = 0.95;  // of the limit

std::string value_text(AlarmKind kind, double value) {
  switch (kind) {
    case AlarmKind::Imbalance:
      return fmt::format("{:.2f}", value);
    case AlarmKind::Ttft:
    case AlarmKind::Tpot:
      return fmt::format("{:.3g} s", value);
    case AlarmKind::Drops:
    case AlarmKind::HungRanks:
      break;
  }
  return fmt::format("{:.0f}", value);
}

}  // namespace

const char* to_string(AlarmKind kind) {
  switch (kind) {
    case AlarmKind::Imbalance:
      return "imbalance";
    case AlarmKind::Ttft:
      return "ttft_p95";
    case AlarmKind::Tpot:
      return "tpot_p95";
    case AlarmKind::Drops:
      return "drops";
    case AlarmKind::HungRanks:
      return "hung_ranks";
  }
  return "";
}

std::string describe(const Alarm& alarm) {
  return fmt::format("{} {}, over the limit of {}, since {:.0f} s", to_string(alarm.kind),
                     value_text(alarm.kind, alarm.worst), value_text(alarm.kind, alarm.limit),
                     alarm.raised);
}

std::optional<double> AlarmWatch::value(AlarmKind kind, const AlarmReading& reading) const {
  switch (kind) {
    case AlarmKind::Imbalance:
      return reading.imbalance;
    case AlarmKind::Ttft:
      return reading.ttft_p95;
    case AlarmKind::Tpot:
      return reading.tpot_p95;
    case AlarmKind::Drops:
      return last_
                 ? static_cast<double>(reading.dropped - std::min(last_->dropped, reading.dropped))
                 : 0;
    case AlarmKind::HungRanks:
      return static_cast<double>(reading.hung_ranks);
  }
  return std::nullopt;
}

void AlarmWatch::clear(State& state, double time) {
  if (state.alarm) log_[*state.alarm].cleared = time;
  state = {};
}

std::vector<Alarm> AlarmWatch::update(const AlarmReading& reading) {
  if (last_ && reading.time < last_->time) {
    for (State& state : states_) clear(state, last_->time);
    last_.reset();
  }
  std::vector<Alarm> raised;
  for (std::size_t i = 0; i < kAlarmKinds; ++i) {
    const auto kind = static_cast<AlarmKind>(i);
    State& state = states_[i];
    const auto limit = limits_.of(kind), now = value(kind, reading);
    if (!limit) {
      clear(state, reading.time);
      continue;
    }
    if (!now) continue;
    state.over = *now > *limit ? state.over + 1 : 0;
    state.within = *now <= *limit * kClearShare ? state.within + 1 : 0;
    // What cannot be odd is believed at once: a record that is lost is lost.
    const bool certain = kind == AlarmKind::Drops || kind == AlarmKind::HungRanks;
    if (state.alarm) {
      Alarm& alarm = log_[*state.alarm];
      alarm.worst = std::max(alarm.worst, *now);
      if (state.within >= kReadings) clear(state, reading.time);
    } else if (state.over >= (certain ? 1 : kReadings)) {
      state.alarm = log_.size();
      log_.push_back({kind, reading.time, std::nullopt, *now, *limit});
      raised.push_back(log_.back());
    }
  }
  last_ = reading;
  if (log_.size() > 2 * kMostAlarms) {
    const std::size_t gone = log_.size() - kMostAlarms;
    log_.erase(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(gone));
    for (State& state : states_)
      if (state.alarm)
        state.alarm = *state.alarm >= gone ? std::optional(*state.alarm - gone) : std::nullopt;
  }
  return raised;
}

std::size_t AlarmWatch::open() const {
  return static_cast<std::size_t>(
      std::count_if(log_.begin(), log_.end(), [](const Alarm& a) { return !a.cleared; }));
}

}  // namespace moescope
