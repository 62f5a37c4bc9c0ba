#include "core/analysis/serving/serving_figures.h"

#include <algorithm>

#include "core/percentile.h"

namespace moescope {
namespace {

/// Nearest rank; nullopt of nothing.
std::optional<TimeNs> percentile(std::vector<TimeNs>& values, int percent) {
  if (values.empty()) return std::nullopt;
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(nearest_rank(values.size(), percent));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

bool within_targets(const ServedRequest& request, const ServingTargets& targets) {
  return request.ttft <= targets.ttft && (!request.tpot || *request.tpot <= targets.tpot);
}

ServingFigures serving_figures(const Serving& serving, const ServingTargets& targets,
                               TimeRange range) {
  ServingFigures figures;
  figures.range = range;
  const auto done_before = [](const ServedRequest& r, TimeNs time) { return r.done < time; };
  const auto begun_before = [](const ServedStep& s, TimeNs time) { return s.begin < time; };
  const auto& all = serving.requests;
  const auto first = std::lower_bound(all.begin(), all.end(), range.begin, done_before);
  const auto last = std::lower_bound(first, all.end(), range.end, done_before);
  std::vector<TimeNs> ttft, tpot;
  double prompt = 0, output = 0;
  std::size_t within = 0;
  for (auto it = first; it != last; ++it) {
    ttft.push_back(it->ttft);
    if (it->tpot) tpot.push_back(*it->tpot);
    prompt += it->prompt;
    output += it->output;
    within += within_targets(*it, targets) ? 1 : 0;
  }
  figures.requests = ttft.size();
  const double seconds = static_cast<double>(std::max<TimeNs>(range.length(), 1)) / 1e9;
  const auto count = static_cast<double>(figures.requests);
  figures.requests_per_second = count / seconds;
  figures.prompt_tokens_per_second = prompt / seconds;
  figures.output_tokens_per_second = output / seconds;
  if (figures.requests > 0) figures.within_percent = 100.0 * static_cast<double>(within) / count;
  figures.ttft_p50 = percentile(ttft, 50);
  figures.ttft_p95 = percentile(ttft, 95);
  figures.tpot_p50 = percentile(tpot, 50);
  figures.tpot_p95 = percentile(tpot, 95);
  const auto& steps = serving.steps;
  const auto step = std::lower_bound(steps.begin(), steps.end(), range.begin, begun_before);
  for (auto it = step; it != steps.end() && it->begin < range.end; ++it)
    ++(it->decode ? figures.decode_steps : figures.prefill_steps);
  return figures;
}

std::vector<ServingFigures> serving_windows(const Serving& serving, const ServingTargets& targets,
                                            TimeNs length, std::size_t most) {
  std::vector<ServingFigures> windows;
  std::optional<TimeRange> extent;
  const auto extend = [&](TimeNs time) {
    if (!extent) extent = TimeRange{time, time};
    extent->begin = std::min(extent->begin, time);
    extent->end = std::max(extent->end, time);
  };
  if (!serving.requests.empty()) {
    extend(serving.requests.front().done);
    extend(serving.requests.back().done);
  }
  if (!serving.steps.empty()) {
    extend(serving.steps.front().begin);
    extend(serving.steps.back().begin);
  }
  if (!extent || length <= 0) return windows;
  TimeNs first = extent->begin / length;
  const TimeNs last = extent->end / length;
  first = std::max(first, last - static_cast<TimeNs>(most) + 1);
  for (TimeNs i = first; i <= last; ++i)
    windows.push_back(serving_figures(serving, targets, {i * length, (i + 1) * length}));
  return windows;
}

}  // namespace moescope
