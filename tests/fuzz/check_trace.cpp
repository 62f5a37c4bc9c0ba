#include "tests/fuzz/check_trace.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/sm/sm_allocation.h"
#include "core/analysis/spans/find.h"
#include "core/analysis/spans/flow.h"
#include "core/error.h"

namespace moescope::fuzz {
namespace {

template <typename Read>
void attempt(Read read) {
  try {
    read();
  } catch (const Error&) {
  }
}

void check_arguments(const Trace& trace, TrackId track, bool json_args) {
  for (std::size_t chunk = 0; chunk < trace.chunk_infos(track).size(); ++chunk)
    attempt([&] {
      for (const auto& args : trace.chunk(track, chunk)->args().rows())
        if (json_args && !args.empty() && !nlohmann::json::accept(args)) abort();
    });
}

void check_figures(const OverlapFigures& f) {
  if (f.overlap > f.comm || f.overlap > f.compute || f.exposed != f.comm - f.overlap ||
      f.busy > f.span || f.idle != f.span - f.busy || f.wait > f.comm)
    abort();
}

}  // namespace

void check_trace(const Trace& trace, bool json_args) {
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    check_arguments(trace, track, json_args);
    attempt([&] { trace.path(track); });
    attempt([&] {
      for (int depth = 0; depth < trace.depth_count(track); ++depth)
        trace.visit_buckets(track, {depth, 1e3, trace.range()}, [](auto, auto) {});
    });
    attempt([&] { trace.summary(track); });
  }
  attempt([&] { trace.sm_records(); });
  attempt([&] { trace.counters(); });
  Progress progress;
  // Few rules: compiling the built-in ones would take most of the time of a run.
  static const RuleSet rules{{{SpanClass::Communication, "notify", true, ""},
                              {SpanClass::Communication, "nccl", false, ""},
                              {SpanClass::Dense, "gemm", false, ""}}};
  const Classification classes(trace, rules);
  attempt([&] {
    const auto overlap = analyze_overlap(trace, classes).overlap;
    for (const auto& device : overlap) check_figures(device.figures);
    for (const auto& scope : analyze_scopes(trace, classes)) check_figures(scope.figures);
  });
  attempt([&] {
    for (const auto& sm : analyze_sm_allocation(trace, classes))
      for (const auto& step : sm.steps)
        if (step.comm + step.compute > sm.sm_count) abort();
  });
  attempt([&] { find_spans(trace, {"e"}, progress); });
  attempt([&] { FlowIndex(trace, classes, progress); });
}

}  // namespace moescope::fuzz
