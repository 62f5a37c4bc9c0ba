// Overlap of annotations, layers, micro-batches and phases, against a sweep of every nanosecond.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "core/analysis/overlap/overlap.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::MadeSpan;
using test::make_trace;

constexpr const char* kComm = "ncclDevKernel_SendRecv";
constexpr const char* kWait = "deep_ep::internode::notify_dispatch<false>";

std::vector<ScopeOverlap> scopes_of(const TracePtr& trace, std::optional<TimeRange> window = {}) {
  return analyze_scopes(*trace, Classification(*trace, RuleSet::built_in()), window);
}

const ScopeOverlap* find(const std::vector<ScopeOverlap>& scopes, const std::string& kind,
                         const std::string& name) {
  for (const auto& scope : scopes)
    if (scope.kind == kind && scope.name == name) return &scope;
  return nullptr;
}

TEST(Scopes, AnAnnotationCoversTheWorkLaunchedInsideIt) {
  const auto trace = make_trace({
      {"attn layer 3 mb1", 0, 50, 1, SpanKind::Annotation},
      {"cudaLaunchKernel", 10, 2, 1, SpanKind::Runtime, 11},
      {"cudaLaunchKernel", 20, 2, 1, SpanKind::Runtime, 12},
      {"cudaLaunchKernel", 60, 2, 1, SpanKind::Runtime, 13},
      {"gemm", 100, 40, 7, SpanKind::Kernel, 11},
      {kComm, 120, 60, 20, SpanKind::Kernel, 12},
      {"gemm", 300, 40, 7, SpanKind::Kernel, 13},
  });
  const auto scopes = scopes_of(trace);
  ASSERT_EQ(scopes.size(), 3U);
  std::vector<std::string> kinds;
  for (const auto& scope : scopes) {
    kinds.push_back(scope.kind + " " + scope.name);
    EXPECT_EQ(scope.windows, 1U);
    EXPECT_EQ(scope.figures.span, 80);  // [100, 180)
    EXPECT_EQ(scope.figures.compute, 40);
    EXPECT_EQ(scope.figures.comm, 60);
    EXPECT_EQ(scope.figures.overlap, 20);
    EXPECT_EQ(scope.figures.compute_events, 1U);
    EXPECT_EQ(scope.figures.comm_events, 1U);
  }
  EXPECT_THAT(kinds, testing::UnorderedElementsAre("annotation attn layer 3 mb1", "layer 3",
                                                   "micro_batch 1"));
}

TEST(Scopes, AHostAnnotationAndItsCopyOnTheStreamCountOnce) {
  const auto trace = make_trace({
      {"layer 3", 0, 50, 1, SpanKind::Annotation},
      {"cudaLaunchKernel", 10, 2, 1, SpanKind::Runtime, 11},
      {"layer 3", 100, 40, 7, SpanKind::GpuAnnotation},
      {"gemm", 100, 40, 7, SpanKind::Kernel, 11},
  });
  const auto scopes = scopes_of(trace);
  const auto* layer = find(scopes, "layer", "3");
  ASSERT_NE(layer, nullptr);
  EXPECT_EQ(layer->windows, 1U);
  EXPECT_EQ(layer->figures.span, 40);
  EXPECT_EQ(layer->figures.compute, 40);
  EXPECT_EQ(layer->figures.compute_events, 1U);
  EXPECT_EQ(find(scopes, "annotation", "layer 3")->figures.compute, 40);
}

TEST(Scopes, AnnotationsInsideEachOtherOfOneNameCountOnce) {
  const auto trace = make_trace({
      {"step", 0, 100, 1, SpanKind::Annotation},
      {"step", 5, 50, 1, SpanKind::Annotation},
      {"cudaLaunchKernel", 10, 2, 1, SpanKind::Runtime, 11},
      {"cudaLaunchKernel", 70, 2, 1, SpanKind::Runtime, 12},
      {"gemm", 100, 40, 7, SpanKind::Kernel, 11},
      {"gemm", 200, 40, 7, SpanKind::Kernel, 12},
  });
  const auto scopes = scopes_of(trace);
  ASSERT_EQ(scopes.size(), 1U);
  EXPECT_EQ(scopes[0].figures.span, 140);
  EXPECT_EQ(scopes[0].figures.compute, 80);
  EXPECT_EQ(scopes[0].figures.compute_events, 2U);
}

TEST(Scopes, PhasesOfTheRuntimeArePhasesAlsoOnWorkersThatLaunchNothing) {
  TraceBuilder builder;
  const ProcessId process = builder.add_process({.label = "rank 0"});
  const TrackId stream =
      builder.add_track({.process = process, .type = TrackType::DeviceStream, .device = 0});
  const TrackId worker =
      builder.add_track({.process = process, .type = TrackType::Worker, .id = 3});
  const TrackId thread = builder.add_track({.process = process, .type = TrackType::Thread});
  SpanBatch work, phases;
  work.columns.push_back({0, 100, builder.strings().intern("gemm"), 0, 0, SpanKind::Kernel, 0});
  phases.columns.push_back(
      {40, 20, builder.strings().intern("attention layer 2"), 0, 0, SpanKind::Phase, 0});
  builder.append(stream, std::move(work));
  builder.append(worker, phases);
  builder.append(thread, phases);  // on a thread a phase without launches covers nothing
  const auto scopes = scopes_of(builder.snapshot());
  ASSERT_EQ(scopes.size(), 2U);
  EXPECT_EQ(scopes[0].kind, "layer");
  EXPECT_EQ(scopes[0].name, "2");
  EXPECT_EQ(scopes[1].kind, "phase");
  EXPECT_EQ(scopes[1].name, "attention layer 2");
  EXPECT_EQ(scopes[1].figures.compute, 20);
  EXPECT_EQ(scopes[1].figures.compute_events, 1U);
}

TEST(Scopes, AWindowCutsThemAndDropsThoseOutside) {
  const auto trace = make_trace({
      {"layer 1", 100, 50, 7, SpanKind::GpuAnnotation},
      {"gemm", 100, 50, 7},
      {"layer 2", 300, 50, 7, SpanKind::GpuAnnotation},
      {"gemm", 300, 50, 7},
  });
  const auto scopes = scopes_of(trace, TimeRange{120, 300});
  EXPECT_EQ(find(scopes, "layer", "2"), nullptr);
  ASSERT_NE(find(scopes, "layer", "1"), nullptr);
  EXPECT_EQ(find(scopes, "layer", "1")->figures.span, 30);
  EXPECT_EQ(find(scopes, "layer", "1")->figures.compute, 30);
}

/// A random trace: GPU work with launches, annotations that nest and repeat, stream annotations.
std::vector<MadeSpan> random_spans(std::mt19937& random, TimeNs length) {
  std::vector<MadeSpan> spans;
  for (std::uint32_t id = 1; id <= 40; ++id) {
    const TimeNs start = random() % (length - 60), duration = random() % 3 == 0 ? 0 : random() % 60;
    const auto kind = random() % 4;
    spans.push_back(
        {"cudaLaunchKernel", static_cast<TimeNs>(random() % length), 1, 1, SpanKind::Runtime, id});
    spans.push_back({kind == 0   ? "gemm"
                     : kind == 1 ? kComm
                     : kind == 2 ? kWait
                                 : "copy",
                     start, duration, 7 + static_cast<std::int64_t>(id % 3),
                     kind == 3 ? SpanKind::Memcpy : SpanKind::Kernel, id});
  }
  for (int i = 0; i < 12; ++i) {
    const TimeNs start = random() % (length - 200), duration = random() % 200;
    const bool on_stream = random() % 3 == 0;
    spans.push_back({"layer " + std::to_string(random() % 3), start, duration, on_stream ? 7 : 1,
                     on_stream ? SpanKind::GpuAnnotation : SpanKind::Annotation});
  }
  return spans;
}

bool is_gpu(const MadeSpan& span) {
  return is_gpu_work(span.kind);
}

/// Nanoseconds that layer `name` covers: by its definition, one annotation at a time.
std::vector<char> covered(const std::vector<MadeSpan>& spans, const std::string& name,
                          TimeNs length, TimeRange window) {
  std::vector<char> inside(static_cast<std::size_t>(length), 0);
  for (const auto& mark : spans) {
    if (mark.name != name) continue;
    TimeNs from = length, to = 0;
    if (mark.kind == SpanKind::GpuAnnotation) {
      from = mark.start;
      to = mark.start + mark.duration;
    } else {
      std::set<std::uint32_t> launched;
      for (const auto& call : spans)
        if (call.kind == SpanKind::Runtime && call.start >= mark.start &&
            call.start < mark.start + mark.duration)
          launched.insert(call.correlation);
      for (const auto& work : spans) {
        if (!is_gpu(work) || !launched.contains(work.correlation)) continue;
        from = std::min(from, work.start);
        to = std::max(to, work.start + work.duration);
      }
    }
    for (TimeNs t = std::max(from, window.begin); t < std::min(to, window.end); ++t)
      inside[static_cast<std::size_t>(t)] = 1;
  }
  return inside;
}

/// The figures of the covered nanoseconds, counted one by one.
OverlapFigures counted(const std::vector<MadeSpan>& spans, const std::vector<char>& inside) {
  std::vector<int> marks(inside.size(), 0);
  OverlapFigures f;
  for (const auto& work : spans) {
    if (!is_gpu(work)) continue;
    const int bit = work.kind == SpanKind::Memcpy ? 4
                    : work.name == "gemm"         ? 1
                    : work.name == kWait          ? 10
                                                  : 2;
    bool touches = work.duration == 0 && inside[static_cast<std::size_t>(work.start)];
    for (TimeNs t = work.start; t < work.start + work.duration; ++t) {
      touches = touches || inside[static_cast<std::size_t>(t)];
      marks[static_cast<std::size_t>(t)] |= bit;
    }
    (bit == 4 ? f.memory_events : bit == 1 ? f.compute_events : f.comm_events) += touches ? 1 : 0;
  }
  for (std::size_t t = 0; t < inside.size(); ++t) {
    if (!inside[t]) continue;
    ++f.span;
    f.compute += (marks[t] & 1) != 0;
    f.comm += (marks[t] & 2) != 0;
    f.memory += (marks[t] & 4) != 0;
    f.wait += (marks[t] & 8) != 0;
    f.overlap += (marks[t] & 3) == 3;
    f.busy += marks[t] != 0;
  }
  return f;
}

TEST(Scopes, AgreeWithCountingEveryNanosecond) {
  constexpr TimeNs kLength = 1500;
  std::mt19937 random(11);
  int found = 0;
  for (int round = 0; round < 60; ++round) {
    const auto spans = random_spans(random, kLength);
    const TimeRange window =
        round % 2 == 0 ? TimeRange{0, kLength} : TimeRange{kLength / 4, kLength / 2};
    // The trace starts at 0 as an importer would make it; the window is that of the trace.
    const auto trace = make_trace(spans);
    const auto scopes =
        scopes_of(trace, round % 2 == 0 ? std::nullopt : std::optional<TimeRange>(window));
    for (const std::string name : {"0", "1", "2"}) {
      const auto expected = counted(spans, covered(spans, "layer " + name, kLength, window));
      const auto* scope = find(scopes, "layer", name);
      ASSERT_EQ(scope != nullptr, expected.span > 0) << "round " << round;
      if (scope == nullptr) continue;
      ++found;
      const auto& f = scope->figures;
      EXPECT_EQ(f.span, expected.span);
      EXPECT_EQ(f.compute, expected.compute);
      EXPECT_EQ(f.comm, expected.comm);
      EXPECT_EQ(f.memory, expected.memory);
      EXPECT_EQ(f.wait, expected.wait);
      EXPECT_EQ(f.overlap, expected.overlap);
      EXPECT_EQ(f.exposed, expected.comm - expected.overlap);
      EXPECT_EQ(f.busy, expected.busy);
      EXPECT_EQ(f.idle, expected.span - expected.busy);
      EXPECT_EQ(f.compute_events, expected.compute_events);
      EXPECT_EQ(f.comm_events, expected.comm_events);
      EXPECT_EQ(f.memory_events, expected.memory_events);
    }
  }
  EXPECT_GT(found, 100);
}

}  // namespace
}  // namespace moescope
