#include "core/import/same_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

namespace moescope {
namespace {

/// What one or several traces of a run reveal about it.
struct RunFacts {
  std::set<int> ranks;
  int world_size = 0;             ///< 0 when unknown
  std::optional<TimeRange> wall;  ///< from first start to last end, ns since 1970
};

RunFacts facts_of(const Trace& trace) {
  RunFacts facts;
  for (const Process& process : trace.processes()) {
    if (process.rank) facts.ranks.insert(*process.rank);
    facts.world_size = std::max(facts.world_size, process.world_size);
  }
  TimeRange wall;
  if (const auto epoch = wall_clock(trace);
      epoch && !__builtin_add_overflow(*epoch, trace.range().begin, &wall.begin) &&
      !__builtin_add_overflow(*epoch, trace.range().end, &wall.end))
    facts.wall = wall;
  return facts;
}

void add(const RunFacts& more, RunFacts& run) {
  run.ranks.insert(more.ranks.begin(), more.ranks.end());
  run.world_size = std::max(run.world_size, more.world_size);
  if (!run.wall)
    run.wall = more.wall;
  else if (more.wall)
    run.wall = TimeRange{std::min(run.wall->begin, more.wall->begin),
                         std::max(run.wall->end, more.wall->end)};
}

/// "3.4 s", "12 min", "8.5 days": as much as a person needs.
std::string about(TimeNs ns) {
  const double seconds = static_cast<double>(ns) / 1e9;
  constexpr double kMinute = 60, kHour = 3600, kDay = 86400, kYear = 365.25 * kDay;
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 2 * kMinute) return fmt::format("{:.1f} s", seconds);
  if (seconds < 2 * kHour) return fmt::format("{:.0f} minutes", seconds / kMinute);
  if (seconds < 2 * kDay) return fmt::format("{:.1f} hours", seconds / kHour);
  if (seconds < 2 * kYear) return fmt::format("{:.1f} days", seconds / kDay);
  return fmt::format("{:.1f} years", seconds / kYear);
}

/// Time between two ranges, 0 when they overlap.
TimeNs gap(const TimeRange& a, const TimeRange& b) {
  return std::max<TimeNs>({0, a.begin - b.end, b.begin - a.end});
}

/// A rank that is in both, or world sizes that differ; "" when neither.
std::string other_ranks(const RunFacts& run, const RunFacts& trace) {
  const auto shared = std::find_if(run.ranks.begin(), run.ranks.end(),
                                   [&](int rank) { return trace.ranks.contains(rank); });
  if (shared != run.ranks.end()) return fmt::format("rank {} is in both", *shared);
  if (run.world_size > 0 && trace.world_size > 0 && run.world_size != trace.world_size)
    return fmt::format("one is of {} ranks, the other of {}", run.world_size, trace.world_size);
  return {};
}

/// What their collectives and clocks say against one run; "" when nothing.
std::string other_time(const RunFacts& run, const RunFacts& trace, const FileClock& clock,
                       TimeNs wall_offset) {
  const bool clocks = run.wall && trace.wall;
  if (clock.alignment.matched_collectives > 0) {
    const TimeNs error = std::abs(clock.alignment.offset - wall_offset);
    if (!clocks || error <= kMaxClockError) return {};
    return fmt::format("their wall clocks differ by {} from what their collectives say",
                       about(error));
  }
  const std::string collectives =
      clock.common_collectives > 1
          ? fmt::format("the ends of their {} common collectives do not agree",
                        clock.common_collectives)
          : "they have no collectives in common";
  if (!clocks) return collectives + " and they do not both record a wall clock";
  const TimeNs apart = gap(*run.wall, *trace.wall);
  if (apart <= kMaxStartError) return {};
  return fmt::format("{} and they were recorded {} apart", collectives, about(apart));
}

std::string name_of(const Trace& trace) {
  return trace.info().files.empty()
             ? std::string("a file")
             : std::filesystem::path(trace.info().files.front()).filename().string();
}

class Sorter {
 public:
  Sorter(const std::vector<TracePtr>& traces, const ClockAligner& clocks)
      : traces_(traces), clocks_(clocks) {}

  void add_trace(std::size_t i) {
    const RunFacts facts = facts_of(*traces_[i]);
    for (std::size_t run = 0; run < runs_.traces.size(); ++run) {
      const std::string against = why_not(run, i, facts);
      if (against.empty()) {
        runs_.traces[run].push_back(i);
        add(facts, facts_[run]);
        return;
      }
      if (runs_.reason.empty())
        runs_.reason = fmt::format("{} and {} are not of one run: {}", name_of(first_of(run)),
                                   name_of(*traces_[i]), against);
    }
    runs_.traces.push_back({i});
    facts_.push_back(facts);
  }

  Runs take() { return std::move(runs_); }

 private:
  const Trace& first_of(std::size_t run) const { return *traces_[runs_.traces[run].front()]; }

  std::string why_not(std::size_t run, std::size_t i, const RunFacts& facts) const {
    std::string reason = other_ranks(facts_[run], facts);
    const FileClock clock = clocks_.align(runs_.traces[run].front(), i);
    const auto a = wall_clock(first_of(run)), b = wall_clock(*traces_[i]);
    const std::string time = other_time(facts_[run], facts, clock, a && b ? *b - *a : 0);
    if (!reason.empty() && !time.empty()) reason += ", ";
    return reason + time;
  }

  const std::vector<TracePtr>& traces_;
  const ClockAligner& clocks_;
  Runs runs_;
  std::vector<RunFacts> facts_;  ///< by run
};

}  // namespace

Runs sort_by_run(const std::vector<TracePtr>& traces, const ClockAligner& clocks) {
  Sorter sorter(traces, clocks);
  for (std::size_t i = 0; i < traces.size(); ++i) sorter.add_trace(i);
  return sorter.take();
}

SeveralRuns::SeveralRuns(std::vector<std::vector<std::filesystem::path>> runs,
                         const std::string& reason)
    : Error("", "", reason, "Open each run by itself to compare them, or merge them anyway"),
      runs_(std::move(runs)) {}

}  // namespace moescope
