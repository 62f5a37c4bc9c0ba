#include "gpu/record/kernel_log.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace moescope::runtime {
namespace {

/// Makes a span of records [begin, end), all of one launch.
SpanRecord log_launch(std::span<const KernelRecord> launch, RankLog& log) {
  const KernelStamp& stamp = launch.front().stamp;
  SpanRecord span{launch.front().begin, launch.front().end,    static_cast<SpanName>(stamp.name),
                  stamp.layer,          stamp.micro_batch,     stamp.step,
                  stamp.tokens,         log.next_correlation()};
  for (const KernelRecord& block : launch) {
    span.begin = std::min(span.begin, block.begin);
    span.end = std::max(span.end, block.end);
    if (block.sm != kNoSm)
      log.workers[stamp.stream].push({block.begin, block.end, block.sm, span.correlation});
  }
  log.streams[stamp.stream].push(span);
  return span;
}

}  // namespace

GpuClock fit_clock(std::span<const ClockSample> samples) {
  const ClockSample& best = *std::min_element(samples.begin(), samples.end(),
                                              [](const ClockSample& a, const ClockSample& b) {
                                                return a.after - a.before < b.after - b.before;
                                              });
  const std::int64_t half = (best.after - best.before) / 2;
  return {best.before + half - best.gpu, half, 0};
}

void log_kernels(std::vector<KernelRecord> records, const GpuClock& clock,
                 std::span<RankLog* const> logs) {
  for (KernelRecord& record : records) {
    record.begin += clock.offset;
    record.end += clock.offset;
  }
  std::sort(records.begin(), records.end(), [](const KernelRecord& a, const KernelRecord& b) {
    return std::tie(a.stamp.launch, a.begin) < std::tie(b.stamp.launch, b.begin);
  });
  // By rank, step, layer and micro-batch.
  std::map<std::tuple<std::uint16_t, std::uint32_t, std::int16_t, std::int8_t>, SpanRecord> layers;
  for (auto first = records.begin(); first != records.end();) {
    const KernelStamp& stamp = first->stamp;
    const auto end = std::find_if(first, records.end(), [&](const KernelRecord& r) {
      return r.stamp.launch != stamp.launch;
    });
    const SpanRecord span = log_launch({first, end}, *logs[stamp.rank]);
    auto [layer, fresh] =
        layers.try_emplace({stamp.rank, stamp.step, stamp.layer, stamp.micro_batch}, span);
    layer->second.begin = std::min(layer->second.begin, span.begin);
    layer->second.end = std::max(layer->second.end, span.end);
    first = end;
  }
  for (auto& [key, span] : layers) {
    if (span.layer < 0) continue;  // before or after all layers
    span.name = SpanName::Layer;
    span.correlation = 0;
    logs[std::get<0>(key)]->micro_batches[static_cast<std::size_t>(span.micro_batch)].push(span);
  }
}

}  // namespace moescope::runtime
