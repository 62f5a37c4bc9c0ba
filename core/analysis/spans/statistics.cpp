#include "core/analysis/spans/statistics.h"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>

namespace moescope {
namespace {

/// Durations of a damaged file may add up to more than 64 bits hold.
TimeNs saturating_sum(TimeNs a, TimeNs b) {
  TimeNs sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<TimeNs>::max() : sum;
}

/// Gathers spans into groups of one (kind, name).
class Collector {
 public:
  explicit Collector(const Classification& classes) : classes_(classes) {}

  void add(SpanKind kind, StringId name, TimeNs duration, SpanRef ref) {
    const std::uint64_t key = (std::uint64_t{name} << 8) | static_cast<std::uint64_t>(kind);
    const auto [it, added] = groups_.try_emplace(key);
    auto& group = it->second;
    if (added) {
      group.kind = kind;
      group.name = name;
      group.classified = classes_.of(kind, name);
    }
    if (group.durations.count == 0 || duration > group.durations.max) group.longest = ref;
    group.durations.add(duration);
  }

  SelectionStatistics finish() {
    SelectionStatistics result;
    std::array<DurationStatistics, kSpanClassCount> by_class;
    for (auto& [key, group] : groups_) {
      merge(result.all, group.durations);
      merge(by_class[static_cast<std::size_t>(group.classified.span_class)], group.durations);
      result.names.push_back(group);
    }
    std::sort(result.names.begin(), result.names.end(),
              [](const NameStatistics& a, const NameStatistics& b) {
                return std::tie(b.durations.total, a.name, a.kind) <
                       std::tie(a.durations.total, b.name, b.kind);
              });
    for (std::size_t c = 0; c < by_class.size(); ++c)
      if (by_class[c].count > 0)
        result.classes.emplace_back(static_cast<SpanClass>(c), by_class[c]);
    return result;
  }

 private:
  static void merge(DurationStatistics& into, const DurationStatistics& from) {
    into.min = into.count == 0 ? from.min : std::min(into.min, from.min);
    into.max = std::max(into.max, from.max);
    into.total = saturating_sum(into.total, from.total);
    into.count += from.count;
  }

  const Classification& classes_;
  std::unordered_map<std::uint64_t, NameStatistics> groups_;
};

}  // namespace

void DurationStatistics::add(TimeNs duration) {
  min = count == 0 ? duration : std::min(min, duration);
  max = count == 0 ? duration : std::max(max, duration);
  total += duration;
  ++count;
}

SelectionStatistics statistics_of(const Trace& trace, const Classification& classes,
                                  const std::vector<SpanRef>& spans) {
  Collector collector(classes);
  for (const auto ref : spans) {
    const Span span = trace.span(ref);
    collector.add(span.kind, span.name, span.duration, ref);
  }
  return collector.finish();
}

SelectionStatistics statistics_of(const Trace& trace, const Classification& classes,
                                  TimeRange range, const std::vector<TrackId>& tracks, bool clip,
                                  Progress& progress) {
  std::vector<TrackId> chosen = tracks;
  if (chosen.empty())
    for (TrackId id = 0; id < trace.tracks().size(); ++id) chosen.push_back(id);
  Collector collector(classes);
  for (const TrackId track : chosen) {
    trace.visit_chunks(track, range, [&](const SpanChunk& chunk, std::uint32_t first) {
      progress.check();
      const auto& c = chunk.columns();
      for (std::size_t row = 0; row < c.size() && c.start[row] < range.end; ++row) {
        const TimeNs begin = c.start[row], end = begin + c.duration[row];
        if (end < range.begin || (end == range.begin && begin < end)) continue;
        const TimeNs inside = std::min(end, range.end) - std::max(begin, range.begin);
        collector.add(c.kind[row], c.name[row], clip ? inside : c.duration[row],
                      {track, first + static_cast<std::uint32_t>(row)});
      }
      return true;
    });
  }
  return collector.finish();
}

}  // namespace moescope
