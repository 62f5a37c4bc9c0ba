#include "core/import/align.h"

#include <fmt/format.h>

#include <cmath>

#include "core/analysis/spans/classify.h"
#include "core/analysis/spans/collective.h"

namespace moescope {

/// Numbered ones by sequence, others in order of time.
struct CollectiveEnds {
  std::map<std::string, std::map<std::int64_t, TimeNs>> numbered;
  std::map<std::string, std::vector<TimeNs>> ordered;
};

namespace {

constexpr std::size_t kMaxShift = 8;             // occurrences a recording may have started late
constexpr TimeNs kCredibleResidual = 1'000'000;  // ends of one collective never lie 1 ms apart
constexpr TimeNs kMaxEpoch = TimeNs{1} << 61;    // differences of two stay in 64 bits
constexpr TimeNs kOutlierFloor = 100'000;
constexpr TimeNs kShiftMustGain = 1'000;
constexpr std::size_t kFewestPairs = 2;

CollectiveEnds collect(const Trace& trace, Progress& progress) {
  const Classification classes(trace, RuleSet::built_in());
  CollectiveEnds found;
  // Ranks of one file share its clock: the first process that communicates stands for the file.
  std::optional<ProcessId> process;
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    if (process && trace.tracks()[track].process != *process) continue;
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
      progress.check();
      const auto& c = chunk.columns();
      std::vector<std::string> args;
      bool args_read = false;
      for (std::size_t row = 0; row < c.size(); ++row) {
        const auto what = classes.of(c.kind[row], c.name[row]);
        if (c.kind[row] != SpanKind::Kernel || role_of(what.span_class) != Role::Communication)
          continue;
        process = trace.tracks()[track].process;
        if (!args_read) args = chunk.args().rows();
        args_read = true;
        const auto name = trace.strings()[c.name[row]];
        const TimeNs end = c.start[row] + c.duration[row];
        const auto id = row < args.size() ? collective_id(name, args[row]) : std::nullopt;
        if (id)
          found.numbered[id->group].emplace(id->sequence, end);
        else
          found.ordered[std::string(name)].push_back(end);
      }
      return true;
    });
  }
  for (auto& [name, ends] : found.ordered) std::sort(ends.begin(), ends.end());
  return found;
}

TimeNs median(std::vector<TimeNs> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

TimeNs deviation(const std::vector<TimeNs>& values, TimeNs center) {
  std::vector<TimeNs> distances;
  distances.reserve(values.size());
  for (const TimeNs value : values) distances.push_back(std::abs(value - center));
  return median(std::move(distances));
}

/// reference[n + shift] - other[n] for all n where both exist.
std::vector<TimeNs> differences(const std::vector<TimeNs>& reference,
                                const std::vector<TimeNs>& other, std::ptrdiff_t shift) {
  std::vector<TimeNs> result;
  for (std::size_t n = 0; n < other.size(); ++n) {
    const auto m = static_cast<std::ptrdiff_t>(n) + shift;
    if (m >= 0 && m < static_cast<std::ptrdiff_t>(reference.size()))
      result.push_back(reference[static_cast<std::size_t>(m)] - other[n]);
  }
  return result;
}

/// Pairs the n-th with the n-th; when that fits badly, because one recording began later, with the
/// shift that fits clearly better.
std::vector<TimeNs> best_differences(const std::vector<TimeNs>& reference,
                                     const std::vector<TimeNs>& other) {
  auto best = differences(reference, other, 0);
  if (best.empty()) return best;
  TimeNs best_deviation = deviation(best, median(best));
  const std::size_t fewest = std::max<std::size_t>(3, std::min(reference.size(), other.size()) / 2);
  for (std::size_t step = 1; step <= kMaxShift; ++step) {
    for (const auto shift :
         {static_cast<std::ptrdiff_t>(step), -static_cast<std::ptrdiff_t>(step)}) {
      auto shifted = differences(reference, other, shift);
      if (shifted.size() < fewest) continue;
      const TimeNs spread = deviation(shifted, median(shifted));
      if (spread * 2 + kShiftMustGain > best_deviation) continue;
      best = std::move(shifted);
      best_deviation = spread;
    }
  }
  return best;
}

/// Differences reference - other of the ends of collectives with the same group and sequence.
std::vector<TimeNs> match_numbered(const CollectiveEnds& reference, const CollectiveEnds& other) {
  std::vector<TimeNs> all;
  for (const auto& [key, ends] : other.numbered) {
    const auto it = reference.numbered.find(key);
    if (it == reference.numbered.end()) continue;
    for (const auto& [sequence, end] : ends)
      if (const auto found = it->second.find(sequence); found != it->second.end())
        all.push_back(found->second - end);
  }
  return all;
}

/// The same for collectives that only name and order identify.
std::vector<TimeNs> match_ordered(const CollectiveEnds& reference, const CollectiveEnds& other) {
  std::vector<TimeNs> all;
  for (const auto& [name, ends] : other.ordered) {
    const auto it = reference.ordered.find(name);
    if (it == reference.ordered.end()) continue;
    const auto some = best_differences(it->second, ends);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

/// Fills the result from matched collectives; false when they do not agree.
bool align_on_collectives(std::vector<TimeNs> pairs, ClockAlignment& result) {
  if (pairs.size() < kFewestPairs) return false;
  const TimeNs center = median(pairs);
  const TimeNs limit = 20 * deviation(pairs, center) + kOutlierFloor;
  const std::size_t before = pairs.size();
  std::erase_if(pairs, [&](TimeNs value) { return std::abs(value - center) > limit; });
  const TimeNs offset = median(pairs);
  const TimeNs residual = deviation(pairs, offset);
  if (residual > kCredibleResidual || pairs.size() * 2 < before) return false;
  result.offset = offset;
  result.matched_collectives = static_cast<int>(pairs.size());
  result.residual = residual;
  result.method = "ends of matching collectives";
  return true;
}

}  // namespace

ClockAligner::ClockAligner(const std::vector<TracePtr>& traces, Progress& progress)
    : traces_(traces) {
  for (const TracePtr& trace : traces) ends_.push_back(collect(*trace, progress));
}

ClockAligner::~ClockAligner() = default;

FileClock ClockAligner::align(std::size_t reference, std::size_t other) const {
  FileClock result;
  ClockAlignment& alignment = result.alignment;
  if (reference == other) {
    alignment.method = "reference clock";
    return result;
  }
  const CollectiveEnds &a = ends_.at(reference), &b = ends_.at(other);
  auto pairs = match_numbered(a, b);
  if (pairs.size() < kFewestPairs) {
    const auto ordered = match_ordered(a, b);
    pairs.insert(pairs.end(), ordered.begin(), ordered.end());
  }
  result.common_collectives = pairs.size();
  if (align_on_collectives(std::move(pairs), alignment)) return result;
  const std::string why =
      result.common_collectives >= kFewestPairs
          ? fmt::format("the ends of {} common collectives do not agree", result.common_collectives)
          : "no common collectives";
  const auto epoch = wall_clock(*traces_.at(reference)), epoch_b = wall_clock(*traces_.at(other));
  if (epoch && epoch_b) {
    alignment.offset = *epoch_b - *epoch;
    alignment.method = "recorded wall clocks (" + why + ")";
  } else {
    alignment.method = "not aligned, both start at 0 (" + why + " and no wall clock)";
  }
  return result;
}

std::optional<std::int64_t> wall_clock(const Trace& trace) {
  const auto epoch = trace.info().start_epoch_ns;
  return epoch && std::abs(*epoch / 2) < kMaxEpoch / 2 ? epoch : std::nullopt;
}

std::string describe_alignment(const Trace& trace, const ClockAlignment& alignment) {
  const std::string file = trace.info().files.empty() ? fmt::format("file {}", alignment.file)
                                                      : trace.info().files.front();
  std::string text =
      fmt::format("{}: clock shifted by {} ns, {}", file, alignment.offset, alignment.method);
  if (alignment.matched_collectives > 0)
    text += fmt::format(" ({} pairs, residual error {} ns)", alignment.matched_collectives,
                        alignment.residual);
  return text;
}

}  // namespace moescope
