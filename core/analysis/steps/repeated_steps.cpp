#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "core/analysis/spans/gpu_work.h"
#include "core/analysis/steps/step_places.h"

namespace moescope {
namespace {

/// Kernels of one stream in order of start.
struct Sequence {
  std::vector<StringId> names;
  std::vector<TimeRange> times;
};

TrackId busiest_stream(const Trace& trace, const DeviceKey& key) {
  const auto tracks = tracks_of(trace, key);
  return *std::max_element(tracks.begin(), tracks.end(), [&](TrackId a, TrackId b) {
    return trace.span_count(a) < trace.span_count(b);
  });
}

Sequence sequence_of(const Trace& trace, TrackId track, const Progress& progress) {
  Sequence sequence;
  trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
    progress.check();
    const auto& c = chunk.columns();
    for (std::size_t row = 0; row < c.size(); ++row) {
      if (c.kind[row] != SpanKind::Kernel) continue;
      sequence.names.push_back(c.name[row]);
      sequence.times.push_back({c.start[row], c.start[row] + c.duration[row]});
    }
    return true;
  });
  return sequence;
}

/// Positions at which the repetitions begin when those names that occur `times` times always come
/// in the same order; empty otherwise. Fewer than three such names are no sequence.
std::vector<std::size_t> beginnings(const Sequence& sequence,
                                    const std::unordered_map<StringId, std::size_t>& counts,
                                    std::size_t times) {
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < sequence.names.size(); ++i)
    if (counts.at(sequence.names[i]) == times) at.push_back(i);
  const std::size_t length = at.size() / times;
  if (length < 3) return {};
  for (std::size_t i = length; i < at.size(); ++i)
    if (sequence.names[at[i]] != sequence.names[at[i - length]]) return {};
  std::vector<std::size_t> first;
  for (std::size_t i = 0; i < at.size(); i += length) first.push_back(at[i]);
  return first;
}

/// Repetitions that differ by more than this in length are not steps of one kind.
constexpr TimeNs kMostUneven = 4;

/// From each beginning to the next; the last one to the end of the sequence, at most as long as the
/// longest. Empty when their lengths differ much, or they are less than most of the sequence.
std::vector<TimeRange> ranges_of(const Sequence& sequence, const std::vector<std::size_t>& first) {
  std::vector<TimeRange> ranges;
  TimeNs longest = 0, shortest = 0;
  for (std::size_t i = 0; i + 1 < first.size(); ++i) {
    const TimeRange range{sequence.times[first[i]].begin, sequence.times[first[i + 1]].begin};
    longest = std::max(longest, range.length());
    shortest = i == 0 ? range.length() : std::min(shortest, range.length());
    ranges.push_back(range);
  }
  if (ranges.empty() || longest > kMostUneven * shortest) return {};
  const TimeNs begin = sequence.times[first.back()].begin;
  ranges.push_back({begin, std::min(sequence.times.back().end, begin + longest)});
  const TimeNs covered = ranges.back().end - ranges.front().begin;
  const TimeNs whole = sequence.times.back().end - sequence.times.front().begin;
  if (covered < whole - whole / 3) return {};
  return ranges;
}

/// The fewest repetitions that hold: what repeats inside a step repeats more often.
std::vector<TimeRange> repetitions(const Sequence& sequence) {
  std::unordered_map<StringId, std::size_t> counts;
  for (const StringId name : sequence.names) ++counts[name];
  std::map<std::size_t, std::size_t> names_by_count;
  for (const auto& [name, count] : counts) ++names_by_count[count];
  for (const auto& [count, names] : names_by_count) {
    if (count < 2 || names < 3) continue;
    auto ranges = ranges_of(sequence, beginnings(sequence, counts, count));
    if (!ranges.empty()) return ranges;
  }
  return {};
}

/// The number of repetitions that most devices agree on.
std::size_t usual_number(const std::map<DeviceKey, std::vector<TimeRange>>& found) {
  std::map<std::size_t, std::size_t> votes;
  for (const auto& [key, ranges] : found) ++votes[ranges.size()];
  const auto most = std::max_element(
      votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == votes.end() ? 0 : most->first;
}

}  // namespace

PlacedSteps steps_of_repetition(const Trace& trace, const std::vector<DeviceKey>& devices,
                                const Progress& progress) {
  std::map<DeviceKey, std::vector<TimeRange>> found;
  for (const DeviceKey& key : devices) {
    auto ranges = repetitions(sequence_of(trace, busiest_stream(trace, key), progress));
    if (!ranges.empty()) found[key] = std::move(ranges);
  }
  const std::size_t number = usual_number(found);
  PlacedSteps placed{fmt::format("the sequence of kernels, which repeats {} times", number), {}};
  for (std::size_t i = 0; i < number; ++i) {
    PlacedStep step{i, "", {}};
    for (const auto& [key, ranges] : found)
      if (ranges.size() == number) step.ranges[key] = ranges[i];
    placed.steps.push_back(std::move(step));
  }
  return placed;
}

}  // namespace moescope
