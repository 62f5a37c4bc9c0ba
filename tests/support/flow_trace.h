// Traces in which dispatch, expert work and combine of a layer belong together.
#pragma once

#include <fmt/format.h>

#include <map>
#include <tuple>

#include "core/analysis/steps/steps.h"
#include "core/trace/sink.h"

namespace moescope::test {

inline constexpr const char* kFlowNames[] = {"deep_ep::dispatch", "deep_gemm::m_grouped_gemm",
                                             "deep_ep::combine"};

/// A trace, its steps and its spans of each stage by rank, step, layer and micro-batch.
struct MadeFlow {
  TracePtr trace;
  TraceSteps steps;
  std::map<std::tuple<int, int, int, int, int>, SpanRef> spans;  ///< stage first
};

struct FlowMaking {
  int ranks = 2, steps = 2, layers = 2, micro_batches = 2;
  bool arguments = true, annotations = false;
  bool overlap = false;  ///< micro-batches at one time
};

/// Layer by layer: dispatch, expert, combine of each micro-batch, 10 ns each, one after the other.
inline MadeFlow make_flow(const FlowMaking& making) {
  TraceBuilder builder;
  MadeFlow made;
  made.steps.source = StepSource::Engine;
  const TimeNs batch = 40, layer_time = batch * making.micro_batches;
  for (int rank = 0; rank < making.ranks; ++rank) {
    const ProcessId process =
        builder.add_process({.label = fmt::format("rank {}", rank), .rank = rank, .world_size = 8});
    const auto stream = [&](int id) {
      return builder.add_track({.process = process,
                                .type = TrackType::DeviceStream,
                                .device = 0,
                                .id = id,
                                .name = fmt::format("stream {}", id)});
    };
    const TrackId work = stream(7), marks = stream(8);
    SpanBatch spans, annotations;
    std::uint32_t index = 0;
    for (int step = 0; step < making.steps; ++step)
      for (int layer = 0; layer < making.layers; ++layer)
        for (int mb = 0; mb < making.micro_batches; ++mb) {
          const TimeNs at = (step * making.layers + layer) * layer_time + mb * batch;
          for (int stage = 0; stage < 3; ++stage) {
            Span span;
            span.start = at + stage * 10;
            span.duration = 10;
            span.name = builder.strings().intern(kFlowNames[stage]);
            span.kind = SpanKind::Kernel;
            spans.add(span, making.arguments
                                ? fmt::format(R"({{"layer":{},"micro_batch":{}}})", layer, mb)
                                : std::string());
            made.spans[{stage, rank, step, layer, mb}] = {work, index++};
          }
          if (!making.annotations) continue;
          Span mark;
          mark.start = making.overlap ? at - mb * batch : at;
          mark.duration = making.overlap ? layer_time : 30;
          mark.name = builder.strings().intern(fmt::format("layer {} mb{}", layer, mb));
          mark.kind = SpanKind::GpuAnnotation;
          annotations.add(mark, {});
        }
    builder.append(work, std::move(spans));
    if (annotations.columns.size() > 0) builder.append(marks, std::move(annotations));
  }
  for (int step = 0; step < making.steps; ++step) {
    const TimeRange range{step * making.layers * layer_time,
                          (step + 1) * making.layers * layer_time};
    TraceStep of{static_cast<std::uint64_t>(step), "", range, {}};
    for (int rank = 0; rank < making.ranks; ++rank)
      of.devices.push_back({{static_cast<ProcessId>(rank), 0}, range, {}});
    made.steps.steps.push_back(std::move(of));
  }
  made.trace = builder.snapshot();
  return made;
}

}  // namespace moescope::test
