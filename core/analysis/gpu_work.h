// Walking the GPU work of one device: what overlap and SM allocation have in common.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "core/analysis/classify.h"
#include "core/analysis/overlap.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Stream tracks of `key`.
std::vector<TrackId> tracks_of(const Trace& trace, const DeviceKey& key);

/// Description of device `key`, nullptr when the trace has none.
const Device* find_device(const Trace& trace, const DeviceKey& key);

/// What the processors of a device are called: "workers" where our runtime ran on the CPU, else
/// "SMs".
std::string_view processors_word(std::string_view device_name);

/// Calls visit(const SpanColumns&, row, TimeRange clipped) for every kernel, copy and fill of
/// `tracks`, cut to `window` when given (events that do not touch it are left out). Throws
/// Cancelled.
template <typename Visit>
void for_each_gpu_span(const Trace& trace, const std::vector<TrackId>& tracks,
                       std::optional<TimeRange> window, const Progress& progress, Visit visit) {
  const TimeRange range = window.value_or(TimeRange{trace.range().begin, trace.range().end + 1});
  for (const TrackId track : tracks) {
    trace.visit_chunks(track, range, [&](const SpanChunk& chunk, std::uint32_t) {
      progress.check();
      const auto& c = chunk.columns();
      for (std::size_t row = 0; row < c.size(); ++row) {
        if (!is_gpu_work(c.kind[row])) continue;
        TimeRange span{c.start[row], c.start[row] + c.duration[row]};
        if (window) {
          if (span.begin >= range.end ||
              (span.end <= range.begin && !(span.empty() && span.begin == range.begin)))
            continue;
          span = {std::max(span.begin, range.begin), std::min(span.end, range.end)};
        }
        visit(c, row, span);
      }
      return true;
    });
  }
}

}  // namespace moescope
