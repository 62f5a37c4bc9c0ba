#include "core/analysis/sm/sm_allocation.h"

#include <algorithm>
#include <limits>

#include "core/analysis/sm/sm_inferred_sweep.h"
#include "core/analysis/sm/sm_methods.h"
#include "core/analysis/spans/gpu_work.h"
#include "core/parallel.h"

namespace moescope {
namespace {

/// Steps that all results together may hold: 40 bytes each.
constexpr std::size_t kMaxSteps = 4'000'000;
constexpr std::size_t kLeastSteps = 65'536;  ///< of one device, more than any screen has columns

/// First start to last end of the device's GPU work.
TimeRange extent(const Trace& trace, const DeviceKey& key, std::optional<TimeRange> window,
                 const Progress& progress) {
  TimeRange range;
  bool first = true;
  for_each_gpu_span(trace, tracks_of(trace, key), window, progress,
                    [&](const SpanColumns&, std::size_t, TimeRange span) {
                      range.begin = first ? span.begin : std::min(range.begin, span.begin);
                      range.end = first ? span.end : std::max(range.end, span.end);
                      first = false;
                    });
  return range;
}

}  // namespace

const char* to_string(SmMethod method) {
  switch (method) {
    case SmMethod::Recorded:
      return "recorded";
    case SmMethod::BlockTrace:
      return "block_trace";
    case SmMethod::Inferred:
      return "inferred";
  }
  return "inferred";
}

std::size_t max_sm_steps(std::size_t devices) {
  return std::max(kLeastSteps, kMaxSteps / std::max<std::size_t>(devices, 1));
}

int known_sm_count(const Trace& trace, const DeviceKey& key) {
  const Device* device = find_device(trace, key);
  const bool known = device != nullptr && device->sm_count > 0 && device->sm_count <= kMaxSmCount;
  return known ? device->sm_count : 0;
}

bool countable(TimeRange range, int sm_count) {
  return range.length() <= std::numeric_limits<std::int64_t>::max() / sm_count;
}

void add_steps_caveat(SmAllocation& result) {
  if (result.steps_cell > 0)
    result.caveats.push_back("The picture shows means over " + std::to_string(result.steps_cell) +
                             " ns: the device changes its state too often to keep every step. The "
                             "figures are exact.");
}

SmAllocation infer_allocation(const Trace& trace, const Classification& classes,
                              const SmAllocation& device, std::optional<TimeRange> window,
                              std::size_t max_steps, const Progress& progress) {
  const Device& description = *find_device(trace, device.key);
  SmInferredSweep sweep(device, max_steps, false);
  GpuSpanCursor work(trace, tracks_of(trace, device.key), window, progress);
  while (work.next()) sweep.add(trace, description, work, classes);
  return std::move(sweep).result(trace, description);
}

namespace {

/// Fills `result`, of which key and SM count are known; false when its times span too much.
bool allocate(const Trace& trace, const Classification& classes, std::optional<TimeRange> window,
              std::size_t max_steps, SmAllocation& result, const Progress& progress) {
  result.range = extent(trace, result.key, window, progress);
  if (!countable(result.range, result.sm_count)) return false;
  result = has_sm_records(trace, result.key)
               ? allocation_from_records(trace, classes, result, max_steps, progress)
               : infer_allocation(trace, classes, result, window, max_steps, progress);
  add_steps_caveat(result);
  return true;
}

}  // namespace

std::optional<SmAllocation> analyze_sm_allocation_of(const Trace& trace,
                                                     const Classification& classes,
                                                     const DeviceKey& key,
                                                     std::optional<TimeRange> window,
                                                     Progress& progress) {
  SmAllocation result;
  result.key = key;
  result.sm_count = known_sm_count(trace, key);
  if (result.sm_count == 0 || !allocate(trace, classes, window, max_sm_steps(1), result, progress))
    return std::nullopt;
  return result;
}

std::vector<SmAllocation> analyze_sm_allocation(const Trace& trace, const Classification& classes,
                                                std::optional<TimeRange> window,
                                                Progress& progress) {
  progress.report(0, "allocating SMs");
  std::vector<SmAllocation> results;
  for (const auto& key : devices_with_work(trace)) {
    SmAllocation result;
    result.key = key;
    result.sm_count = known_sm_count(trace, key);
    if (result.sm_count > 0) results.push_back(std::move(result));
  }
  const std::size_t max_steps = max_sm_steps(results.size());
  parallel_for(results.size(), [&](std::size_t i) {
    allocate(trace, classes, window, max_steps, results[i], progress);
  });
  std::erase_if(results, [](const SmAllocation& result) {
    return !countable(result.range, result.sm_count);
  });
  return results;
}

}  // namespace moescope
