// Documents for chart tests: one built by hand, with figures that a reader can check.
#pragma once

#include <memory>

#include "core/trace/sink.h"
#include "views/workspace/workspace.h"

namespace moescope::test {

inline SmStep sm_step(TimeNs begin, std::uint16_t comm, std::uint16_t compute) {
  SmStep step{begin, comm, compute, {}};
  step.by_class[static_cast<std::size_t>(SpanClass::Dispatch)] = comm;
  step.by_class[static_cast<std::size_t>(SpanClass::Expert)] = compute;
  return step;
}

/// One device "<rank & 0>" with 10 SMs over 1000 ns: compute [0,600), communication [400,800),
/// so 200 overlap, 200 exposed; idle [800,1000) is closed by a copy at the end.
struct ChartDocument {
  ChartDocument() {
    TraceBuilder builder;
    Process process;
    process.label = "<rank & 0>";
    builder.add_process(process);
    Device device;
    device.name = "Test GPU";
    device.sm_count = 10;
    builder.add_device(device);
    Track track;
    track.type = TrackType::DeviceStream;
    track.device = 0;
    const TrackId id = builder.add_track(track);
    SpanBatch batch;
    add(builder, batch, "expert_gemm<script>", 0, 600, SpanKind::Kernel);
    add(builder, batch, "deep_ep::dispatch", 400, 400, SpanKind::Kernel);
    add(builder, batch, "copy", 999, 1, SpanKind::Memcpy);
    builder.append(id, std::move(batch));
    trace = builder.snapshot();
    auto made = std::make_shared<AnalysisResults>();
    made->classes = std::make_shared<const Classification>(*trace, RuleSet::built_in());
    made->activity = analyze_overlap(*trace, *made->classes).activity;
    made->overlap = analyze_overlap(*trace, *made->classes).overlap;
    SmAllocation sm;
    sm.sm_count = 10;
    sm.method = SmMethod::Inferred;
    sm.caveats = {"blocks are assumed to fill SMs one by one"};
    sm.range = {0, 1000};
    sm.steps = {sm_step(0, 0, 8), sm_step(400, 2, 8), sm_step(600, 2, 0), sm_step(800, 0, 0)};
    sm.time_at = {{{0, 8}, 400}, {{2, 8}, 250}, {{2, 0}, 150}, {{0, 0}, 200}};
    made->sm = {sm};
    results = made;
    document.setTrace(trace, {"hand.json"});
    document.setAnalysis(results);
  }

  static void add(TraceBuilder& builder, SpanBatch& batch, const char* name, TimeNs start,
                  TimeNs duration, SpanKind kind) {
    batch.columns.start.push_back(start);
    batch.columns.duration.push_back(duration);
    batch.columns.name.push_back(builder.strings().intern(name));
    batch.columns.correlation.push_back(0);
    batch.columns.launch.push_back(0);
    batch.columns.kind.push_back(kind);
  }

  TracePtr trace;
  std::shared_ptr<AnalysisResults> results;
  Workspace workspace;
  TraceDocument& document = workspace.trace();
  Selection& selection = workspace.selection();
};

}  // namespace moescope::test
