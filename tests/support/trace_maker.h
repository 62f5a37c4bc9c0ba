// Small traces for tests, written as lists of events.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/trace/sink.h"

namespace moescope::test {

struct MadeSpan {
  std::string name;
  TimeNs start = 0, duration = 0;
  std::int64_t lane = 7;  ///< stream or thread
  SpanKind kind = SpanKind::Kernel;
  std::uint32_t correlation = 0;
  LaunchConfig launch = {};
};

/// One process with one device of `sm_count` SMs; GPU kinds go to streams, others to threads.
inline TracePtr make_trace(std::vector<MadeSpan> spans, int sm_count = 132,
                           std::vector<SmRecord> records = {}) {
  TraceBuilder builder;
  const ProcessId process = builder.add_process({.label = "rank 0", .pid = "1", .rank = 0});
  builder.add_device({.process = process, .index = 0, .name = "Test GPU", .sm_count = sm_count});
  std::stable_sort(spans.begin(), spans.end(),
                   [](const auto& a, const auto& b) { return a.start < b.start; });
  std::map<std::pair<bool, std::int64_t>, SpanBatch> batches;
  for (const auto& span : spans) {
    const bool gpu = is_gpu_work(span.kind) || span.kind == SpanKind::GpuAnnotation ||
                     span.kind == SpanKind::Sync;
    auto& c = batches[{gpu, span.lane}].columns;
    c.start.push_back(span.start);
    c.duration.push_back(span.duration);
    c.name.push_back(builder.strings().intern(span.name));
    c.correlation.push_back(span.correlation);
    c.launch.push_back(builder.intern_launch(span.launch));
    c.kind.push_back(span.kind);
  }
  for (auto& [key, batch] : batches) {
    const auto& [gpu, lane] = key;
    const TrackId track =
        builder.add_track({.process = process,
                           .type = gpu ? TrackType::DeviceStream : TrackType::Thread,
                           .device = gpu ? 0 : -1,
                           .id = lane,
                           .name = (gpu ? "stream " : "thread ") + std::to_string(lane)});
    builder.append(track, std::move(batch));
  }
  builder.add_sm_records(std::move(records));
  return builder.snapshot();
}

inline LaunchConfig blocks(std::uint32_t count, std::uint32_t threads = 128,
                           std::uint32_t registers = 32) {
  return {{count, 1, 1}, {threads, 1, 1}, {}, registers, 0};
}

}  // namespace moescope::test
