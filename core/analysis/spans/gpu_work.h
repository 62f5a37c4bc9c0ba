// Walking the GPU work of one device: what overlap and SM allocation have in common.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/analysis/spans/device_key.h"
#include "core/analysis/spans/gpu_span_cursor.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Devices that have GPU work, by process, then device.
std::vector<DeviceKey> devices_with_work(const Trace& trace);
/// Stream tracks of `key`.
std::vector<TrackId> tracks_of(const Trace& trace, const DeviceKey& key);

/// Description of device `key`, nullptr when the trace has none.
const Device* find_device(const Trace& trace, const DeviceKey& key);

/// Name of the device of `key`: "GPU 3", or "CPU" where our runtime ran without a GPU.
std::string device_word(const Trace& trace, const DeviceKey& key);
/// The same with its process, for lists and sentences: "rank 3, GPU 0".
std::string device_text(const Trace& trace, const DeviceKey& key);

/// Words for the processors of a device, singular and plural: "worker", "workers" where our runtime
/// ran on the CPU, else "SM", "SMs". `device` may be null.
struct ProcessorWords {
  const char *one, *many;
};
ProcessorWords processor_words(const Device* device);

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
        const TimeNs start = c.start[row];
        if (const auto span = cut_to({start, start + c.duration[row]}, window))
          visit(c, row, *span);
      }
      return true;
    });
  }
}

}  // namespace moescope
