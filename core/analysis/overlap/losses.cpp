#include "core/analysis/overlap/losses.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace moescope {
namespace {

bool touches(const Loss& loss, const TimeRange& window) {
  return loss.when.begin < window.end && loss.when.end >= window.begin;
}

/// "1234 spans", as far as the number is known.
std::string what(LossKind kind, const std::optional<std::uint64_t>& count) {
  const auto counted = [&](const char* one, const char* many) {
    return count ? fmt::format("{} {} {} dropped", *count, *count == 1 ? one : many,
                               *count == 1 ? "was" : "were")
                 : fmt::format("an unknown number of {} was dropped", many);
  };
  switch (kind) {
    case LossKind::DroppedSpans:
      return counted("span", "spans");
    case LossKind::DroppedSmRecords:
      return counted("SM record", "SM records");
    case LossKind::DroppedLoads:
      return counted("row of expert loads", "rows of expert loads");
    case LossKind::DroppedCounters:
      return counted("counter sample", "counter samples");
    case LossKind::DroppedNotes:
      return counted("note", "notes");
    case LossKind::ReducedDetail:
      return count ? fmt::format("detail was reduced by {} records", *count) : "detail was reduced";
    case LossKind::Disconnected:
      return "nothing was received";
  }
  return "";
}

std::string between(const TimeRange& when) {
  return fmt::format("between {:.3f} and {:.3f} ms", static_cast<double>(when.begin) / 1e6,
                     static_cast<double>(when.end) / 1e6);
}

std::string label(const Trace& trace, ProcessId process) {
  return process < trace.processes().size() ? trace.processes()[process].label : "";
}

}  // namespace

std::vector<Loss> losses_in(const Trace& trace, const std::optional<TimeRange>& window,
                            std::optional<ProcessId> process) {
  std::vector<Loss> found;
  for (const Loss& loss : trace.losses()) {
    if (window && !touches(loss, *window)) continue;
    if (process && loss.process && *loss.process != *process) continue;
    found.push_back(loss);
  }
  return found;
}

TimeNs lost_time(const std::vector<Loss>& losses, const std::optional<TimeRange>& window) {
  std::vector<TimeRange> ranges;
  for (const Loss& loss : losses) {
    TimeRange range = loss.when;
    if (window) range = {std::max(range.begin, window->begin), std::min(range.end, window->end)};
    if (!range.empty()) ranges.push_back(range);
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const TimeRange& a, const TimeRange& b) { return a.begin < b.begin; });
  TimeNs sum = 0, covered = ranges.empty() ? 0 : ranges.front().begin;
  for (const TimeRange& range : ranges) {
    if (range.end <= covered) continue;
    sum += range.end - std::max(range.begin, covered);
    covered = range.end;
  }
  return sum;
}

std::vector<LossSummary> summarise(const std::vector<Loss>& losses) {
  std::map<std::pair<LossKind, std::string>, std::vector<Loss>> groups;
  for (const Loss& loss : losses) groups[{loss.kind, loss.reason}].push_back(loss);
  std::vector<LossSummary> all;
  for (const auto& [key, group] : groups) {
    LossSummary& sum = all.emplace_back();
    sum.kind = key.first;
    sum.reason = key.second;
    sum.when = group.front().when;
    sum.count = 0;
    std::set<ProcessId> processes;
    bool everywhere = false;
    for (const Loss& loss : group) {
      sum.when = {std::min(sum.when.begin, loss.when.begin), std::max(sum.when.end, loss.when.end)};
      sum.count = sum.count && loss.count ? std::optional(*sum.count + *loss.count) : std::nullopt;
      everywhere = everywhere || !loss.process;
      if (loss.process) processes.insert(*loss.process);
    }
    if (!everywhere) sum.processes.assign(processes.begin(), processes.end());
    sum.time = lost_time(group, {});
  }
  std::stable_sort(all.begin(), all.end(), [](const LossSummary& a, const LossSummary& b) {
    const bool a_blind = a.kind == LossKind::Disconnected;
    const bool b_blind = b.kind == LossKind::Disconnected;
    if (a_blind != b_blind) return a_blind;
    return a.count.value_or(0) > b.count.value_or(0);
  });
  return all;
}

std::string describe(const LossSummary& sum, const Trace& trace) {
  std::string text = what(sum.kind, sum.count);
  if (sum.processes.size() == 1) text += " of " + label(trace, sum.processes.front());
  if (sum.processes.size() > 1) text += fmt::format(" of {} processes", sum.processes.size());
  text += " " + between(sum.when);
  if (sum.time > 0 && sum.time < sum.when.length())
    text += fmt::format(", in {:.3f} ms of them", static_cast<double>(sum.time) / 1e6);
  return sum.reason.empty() ? text : text + ": " + sum.reason;
}

std::string describe(const Loss& loss, const Trace& trace) {
  std::string text = what(loss.kind, loss.count);
  if (loss.track && *loss.track < trace.tracks().size())
    text += " of " + trace.path(*loss.track);
  else if (loss.process)
    text += " of " + label(trace, *loss.process);
  text += " " + between(loss.when);
  return loss.reason.empty() ? text : text + ": " + loss.reason;
}

}  // namespace moescope
