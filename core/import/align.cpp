#include "core/import/align.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

#include "core/analysis/classify.h"

namespace moescope {
namespace {

constexpr std::size_t kMinMatches = 3;

/// Ends of transferring communication kernels by name, in order of start.
using Collectives = std::map<std::string, std::vector<std::pair<TimeNs, TimeNs>>, std::less<>>;

Collectives collectives_of(const Trace& trace) {
  Collectives result;
  const Classification classes(trace, RuleSet::built_in());
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    if (trace.tracks()[track].type != TrackType::DeviceStream) continue;
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
      const auto& c = chunk.columns();
      for (std::size_t row = 0; row < c.size(); ++row)
        if (classes.role(c.kind[row], c.name[row]) == Role::Communication)
          result[std::string(trace.strings()[c.name[row]])].emplace_back(
              c.start[row], c.start[row] + c.duration[row]);
      return true;
    });
  }
  for (auto& [name, ends] : result) std::sort(ends.begin(), ends.end());
  return result;
}

TimeNs median(std::vector<TimeNs> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// End differences of the n-th occurrences of every kernel that both ran equally often.
std::vector<TimeNs> differences(const Collectives& reference, const Collectives& other) {
  std::vector<TimeNs> result;
  for (const auto& [name, ends] : other) {
    const auto found = reference.find(name);
    if (found == reference.end() || found->second.size() != ends.size()) continue;
    for (std::size_t i = 0; i < ends.size(); ++i)
      result.push_back(found->second[i].second - ends[i].second);
  }
  return result;
}

ClockAlignment align_one(const Trace& reference, const Collectives& reference_collectives,
                         const Trace& trace) {
  ClockAlignment alignment;
  const auto found = differences(reference_collectives, collectives_of(trace));
  if (found.size() >= kMinMatches) {
    alignment.offset = median(found);
    alignment.matched_collectives = static_cast<int>(found.size());
    auto rest = found;
    for (auto& difference : rest) difference = std::abs(difference - alignment.offset);
    alignment.residual = median(std::move(rest));
    alignment.method = "ends of matching collectives";
  } else if (reference.info().start_epoch_ns && trace.info().start_epoch_ns) {
    alignment.offset = *trace.info().start_epoch_ns - *reference.info().start_epoch_ns;
    alignment.method = "wall clocks of the files; no matching collectives";
  } else {
    alignment.method = "none: no matching collectives and no wall clock, both start at 0";
  }
  return alignment;
}

}  // namespace

std::vector<ClockAlignment> align_clocks(const std::vector<TracePtr>& traces) {
  std::vector<ClockAlignment> result;
  if (traces.empty()) return result;
  const auto reference = collectives_of(*traces[0]);
  for (std::size_t i = 0; i < traces.size(); ++i) {
    ClockAlignment alignment;
    alignment.method = "reference";
    if (i > 0) alignment = align_one(*traces[0], reference, *traces[i]);
    alignment.file = static_cast<int>(i);
    result.push_back(std::move(alignment));
  }
  return result;
}

}  // namespace moescope
