#include "core/analysis/serving/step_traffic.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace moescope {
namespace {

struct Sum {
  double ib = 0, nvlink = 0, tokens = 0;
  bool sent = false;
};

/// Number after `key` in the arguments that a recorder wrote; 0 when it is not there. Parsing each
/// of some ten thousand spans as JSON would take a noticeable part of a second.
double number_after(std::string_view args, std::string_view key) {
  const auto at = args.find(key);
  if (at == std::string_view::npos) return 0;
  std::uint64_t value = 0;
  const auto begin = args.data() + at + key.size();
  std::from_chars(begin, args.data() + args.size(), value);
  return static_cast<double>(value);
}

/// Decode steps in order of their begin.
std::vector<ServedStep> decode_steps(const std::vector<ServedStep>& steps) {
  std::vector<ServedStep> decode;
  std::copy_if(steps.begin(), steps.end(), std::back_inserter(decode),
               [](const ServedStep& step) { return step.decode; });
  std::stable_sort(decode.begin(), decode.end(),
                   [](const auto& a, const auto& b) { return a.begin < b.begin; });
  return decode;
}

/// Index of the range that holds the step during which `time` lies; -1: none.
class StepFinder {
 public:
  StepFinder(const std::vector<ServedStep>& steps, const std::vector<TimeRange>& ranges)
      : steps_(steps) {
    for (const ServedStep& step : steps) {
      const auto holds = [&](const TimeRange& r) {
        return step.begin >= r.begin && step.end <= r.end;
      };
      const auto found = std::find_if(ranges.begin(), ranges.end(), holds);
      range_.push_back(found == ranges.end() ? -1 : static_cast<int>(found - ranges.begin()));
    }
  }
  int range_of_step(std::size_t step) const { return range_[step]; }
  int range_at(TimeNs time) const {
    const auto after = std::upper_bound(steps_.begin(), steps_.end(), time,
                                        [](TimeNs t, const ServedStep& s) { return t < s.begin; });
    if (after == steps_.begin() || (after - 1)->end <= time) return -1;
    return range_[static_cast<std::size_t>(after - 1 - steps_.begin())];
  }

 private:
  const std::vector<ServedStep>& steps_;
  std::vector<int> range_;  ///< [step]
};

void add_chunk(const SpanChunk& chunk, const Classification& classes, const StepFinder& finder,
               std::vector<Sum>& sums) {
  const auto& c = chunk.columns();
  std::vector<std::string> arguments;
  for (std::size_t row = 0; row < c.size(); ++row) {
    const auto name = classes.of(c.kind[row], c.name[row]);
    if (name.waits ||
        (name.span_class != SpanClass::Dispatch && name.span_class != SpanClass::Combine))
      continue;
    const int range = finder.range_at(c.start[row]);
    if (range < 0) continue;
    if (arguments.empty()) arguments = chunk.args().rows();
    if (row >= arguments.size()) return;
    const std::string_view args = arguments[row];
    if (args.find("\"phase\":\"decode\"") == std::string_view::npos) continue;
    auto& sum = sums[static_cast<std::size_t>(range)];
    sum.ib += number_after(args, "\"ib_bytes\":");
    sum.nvlink += number_after(args, "\"nvlink_bytes\":");
    sum.sent = true;
  }
}

}  // namespace

std::vector<std::optional<StepTraffic>> decode_traffic(const Trace& trace,
                                                       const Classification& classes,
                                                       const std::vector<ServedStep>& steps,
                                                       const std::vector<TimeRange>& ranges,
                                                       const Progress& progress) {
  std::vector<std::optional<StepTraffic>> traffic(ranges.size());
  if (ranges.empty()) return traffic;
  const auto decode = decode_steps(steps);
  const StepFinder finder(decode, ranges);
  std::vector<Sum> sums(ranges.size());
  for (std::size_t i = 0; i < decode.size(); ++i)
    if (const int range = finder.range_of_step(i); range >= 0)
      sums[static_cast<std::size_t>(range)].tokens += decode[i].tokens;
  const TimeRange all{ranges.front().begin, ranges.back().end};
  for (TrackId track = 0; track < trace.tracks().size(); ++track)
    trace.visit_chunks(track, all, [&](const SpanChunk& chunk, std::uint32_t) {
      progress.check();
      add_chunk(chunk, classes, finder, sums);
      return true;
    });
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (sums[i].sent && sums[i].tokens > 0)
      traffic[i] = {sums[i].ib / sums[i].tokens, sums[i].nvlink / sums[i].tokens, sums[i].tokens};
  return traffic;
}

}  // namespace moescope
