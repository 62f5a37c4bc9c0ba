#include "gpu/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <thread>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/sm/sm_allocation.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_loads.h"
#include "core/trace/file/moetrace_writer.h"
#include "gpu/base/clock.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/layout.h"
#include "tests/unit/gpu/gpu_test_support.h"
#include "tests/unit/gpu/serving_support.h"

namespace moescope::runtime {
namespace {

using test::error_of;
using test::greedy;
using test::served_model;
using test::small_options;
using test::TempFolder;
using ::testing::HasSubstr;

TEST(GpuEngine, EveryRequestGetsTheTokensItWouldGetAlone) {
  Engine engine(cpu_backend(), served_model(), small_options(), std::nullopt, nullptr);
  engine.keep_outputs();
  Progress progress;
  const auto statistics = engine.run({0, 60}, progress);
  ASSERT_GT(statistics.finished, 10U);
  EXPECT_EQ(engine.outputs().size(), statistics.finished);
  for (const auto& [request, output] : engine.outputs())
    ASSERT_EQ(output, greedy(request)) << "request " << request.id;
  EXPECT_GT(statistics.traffic.of(Purpose::KvCache, Link::NvLink) +
                statistics.traffic.of(Purpose::KvCache, Link::Ib),
            0U);
}

TEST(GpuEngine, StopsWithinAFewStepsWhenCancelled) {
  constexpr std::uint64_t kLimit = 4000;  // an end that is not the one asked for
  Engine engine(cpu_backend(), served_model(), small_options(), std::nullopt, nullptr);
  std::uint64_t at_cancel = 0;
  Progress progress([&](double fraction, std::string_view) {
    at_cancel = static_cast<std::uint64_t>(std::llround(fraction * kLimit));
    if (at_cancel > 10) progress.cancel();
  });
  const auto statistics = engine.run({0, kLimit}, progress);
  // Asked every 5 ms; then each unit finishes the step that it is in.
  EXPECT_LE(statistics.prefill_steps + statistics.decode_steps, at_cancel + 40);
  EXPECT_LT(statistics.finished, statistics.arrived) << "requests are not served to their end";
}

TEST(GpuEngine, RunsNoMoreThanAStepWhenCancelledBefore) {
  Engine engine(cpu_backend(), served_model(), small_options(), std::nullopt, nullptr);
  Progress progress;
  progress.cancel();
  const auto statistics = engine.run({0, 4000}, progress);
  EXPECT_LE(statistics.prefill_steps + statistics.decode_steps, 4U);
}

TEST(GpuEngine, ImpossibleLayoutsAreRefused) {
  const auto refusal = [](EngineOptions options) {
    return error_of([&] { Engine(cpu_backend(), served_model(), options, std::nullopt, nullptr); });
  };
  EngineOptions options = small_options();
  options.ranks = 7;
  EXPECT_THAT(refusal(options), HasSubstr("7 ranks"));
  options = small_options();
  options.nodes = 3;
  EXPECT_THAT(refusal(options), HasSubstr("3 nodes"));
  options = small_options();
  options.ranks = 70000;
  EXPECT_THAT(refusal(options), HasSubstr("70000 ranks are more than the 65536"));
  options = small_options();
  options.workload.prompt_max = 20;
  EXPECT_THAT(refusal(options), HasSubstr("micro-batch holds 12"));
  options.max_positions = 25;
  EXPECT_THAT(refusal(options), HasSubstr("the limit is 25"));
}

/// A recording of some steps, and what the engine says about them.
struct Recording {
  TempFolder folder;
  EngineStatistics statistics;
  RecorderStatistics recorded;
  TracePtr trace;
};

const Recording& recording() {
  static Recording result;
  static const bool made = [] {
    const auto path = result.folder / "run.moetrace";
    EngineOptions options = small_options();
    options.combine = CombineMode::Hierarchical;
    options.budget = {4, 1};
    MoetraceWriter writer(path);
    Recorder recorder(writer, recorded_ranks(options, served_model()->config), {{"model", "small"}},
                      steady_now());
    {
      Engine engine(cpu_backend(), served_model(), options, std::nullopt, &recorder);
      Progress progress;
      result.statistics = engine.run({0, 80}, progress);
    }
    result.recorded = recorder.finish();
    Progress progress;
    writer.finish(progress);
    result.trace = open_moetrace(path);
    return true;
  }();
  EXPECT_TRUE(made);
  return result;
}

TEST(GpuRecording, EveryRankHasSpansOfEveryClassThatItsUnitRuns) {
  const Trace& trace = *recording().trace;
  ASSERT_EQ(trace.processes().size(), 9U);
  EXPECT_EQ(trace.processes()[5].rank, 5);
  EXPECT_EQ(trace.processes()[5].node, 0);
  EXPECT_EQ(trace.processes()[6].node, 1);
  const Classification classes(trace, RuleSet::built_in());
  std::map<ProcessId, std::map<SpanClass, int>> count;
  for (TrackId track = 0; track < trace.tracks().size(); ++track)
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
      for (std::size_t i = 0; i < chunk.size(); ++i)
        ++count[trace.tracks()[track].process]
               [classes.of(chunk.columns().kind[i], chunk.columns().name[i]).span_class];
      return true;
    });
  for (ProcessId rank = 0; rank < 8; ++rank)
    for (const SpanClass span_class :
         {SpanClass::Attention, SpanClass::Dense, SpanClass::Gate, SpanClass::Dispatch,
          SpanClass::Combine, SpanClass::Expert, SpanClass::SharedExpert})
      EXPECT_GT(count[rank][span_class], 0) << rank << " " << to_string(span_class);
  for (ProcessId rank = 0; rank < 8; ++rank)
    EXPECT_EQ(count[rank][SpanClass::OtherCompute], 0) << "a name no rule knows";
  EXPECT_EQ(recording().recorded.dropped, 0U);
  EXPECT_TRUE(trace.info().skipped.empty());
}

TEST(GpuRecording, OverlapScopesAndWorkerAllocationAreFound) {
  const Trace& trace = *recording().trace;
  const Classification classes(trace, RuleSet::built_in());
  const auto overlap = analyze_overlap(trace, classes).overlap;
  ASSERT_EQ(overlap.size(), 8U);
  for (const auto& device : overlap) {
    EXPECT_GT(device.figures.comm, 0);
    EXPECT_GT(device.figures.compute, 0);
    EXPECT_GT(device.figures.wait, 0);
    EXPECT_LE(device.figures.wait, device.figures.comm);
  }
  std::map<std::string, int> kinds;
  for (const auto& scope : analyze_scopes(trace, classes)) ++kinds[scope.kind];
  EXPECT_EQ(kinds["layer"], 8 * 3);
  EXPECT_EQ(kinds["micro_batch"], 8 * 2);
  EXPECT_EQ(kinds["phase"], 8);
  for (const auto& device : analyze_sm_allocation(trace, classes)) {
    EXPECT_EQ(device.sm_count, 4);
    EXPECT_EQ(device.method, SmMethod::Recorded);
    EXPECT_GT(device.comm_sm_ns, 0);
    EXPECT_GT(device.compute_sm_ns, 0);
    for (const auto& step : device.steps) EXPECT_LE(step.comm, 1);
  }
}

TEST(GpuRecording, LoadsCountEveryRoutedToken) {
  const auto& r = recording();
  std::map<std::pair<int, std::string>, std::uint64_t> sums;
  for (const LoadRow& row : read_load_rows(r.folder / "run.moetrace")) {
    EXPECT_EQ(row.rank.has_value(), row.space == "physical");
    for (const auto count : row.counts) sums[{row.layer, row.space}] += count;
  }
  // Every token goes through a unit once: prompts in prefill, all output but the first and the
  // unfinished requests' in decode.
  ASSERT_EQ(sums.size(), 4U);
  const std::uint64_t first = sums[{1, "logical"}];
  EXPECT_GE(first, 4 * r.statistics.prompt_tokens);
  for (const auto& [key, sum] : sums) EXPECT_EQ(sum, first) << key.first << " " << key.second;
}

TEST(GpuRecording, RequestsAndStepsAreThereWithTheirTimes) {
  const auto& r = recording();
  std::uint64_t requests = 0, steps = 0;
  for (TrackId track = 0; track < r.trace->tracks().size(); ++track)
    for (std::uint32_t i = 0; i < r.trace->span_count(track); ++i) {
      const std::string_view name = r.trace->name({track, i});
      if (name == "request done") {
        ++requests;
        EXPECT_THAT(r.trace->args({track, i}), HasSubstr("\"ttft_ns\":"));
      }
      steps += name == "prefill step" || name == "decode step";
    }
  EXPECT_EQ(requests, r.statistics.finished);
  EXPECT_EQ(steps, r.statistics.prefill_steps + r.statistics.decode_steps);
}

TEST(GpuRing, CountsWhatDoesNotFitAndKeepsTheRestInOrder) {
  Ring<int> ring(4);
  for (int i = 0; i < 6; ++i) ring.push(i);
  std::vector<int> out;
  ring.drain(out);
  EXPECT_EQ(out, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(ring.dropped(), 2U);
  ring.push(9);
  ring.drain(out);
  EXPECT_EQ(out.back(), 9);
}

TEST(GpuRing, NothingIsLostBetweenThreadsButWhatIsCounted) {
  Ring<std::uint64_t> ring(64);
  std::vector<std::uint64_t> out;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < 20000; ++i) ring.push(i);
    done = true;
  });
  while (!done) ring.drain(out);
  writer.join();
  ring.drain(out);
  EXPECT_EQ(out.size() + ring.dropped(), 20000U);
  EXPECT_TRUE(std::is_sorted(out.begin(), out.end()));
}

TEST(GpuWorkload, IsTheSameForTheSameSeedAndDriftsOverTime) {
  const auto options = parse_workload("rate=1000,topics=4,period=10,seed=5");
  Workload a(options, 100), b(options, 100);
  std::map<int, int> early, late;
  int count = 0;
  for (; a.next_arrival() < 10'000'000'000; ++count) {
    const Request x = a.next(), y = b.next();
    ASSERT_EQ(x.prompt, y.prompt);
    ASSERT_EQ(x.arrival, y.arrival);
    if (x.arrival < 1'000'000'000) ++early[x.topic];
    if (x.arrival > 4'500'000'000 && x.arrival < 5'500'000'000) ++late[x.topic];
  }
  EXPECT_NEAR(count, 10000, 400);  // four standard deviations
  EXPECT_GT(early[0], 10 * std::max(late[0], 1));
  EXPECT_GT(late[2], 10 * std::max(early[2], 1));
}

TEST(GpuWorkload, BadSpecificationsAreRefusedByName) {
  const auto refusal = [](const char* text) { return error_of([&] { parse_workload(text); }); };
  EXPECT_THAT(refusal("rate=fast"), HasSubstr("rate"));
  EXPECT_THAT(refusal("rate=0"), HasSubstr("rate"));
  EXPECT_THAT(refusal("speed=3"), HasSubstr("speed"));
  EXPECT_THAT(refusal("prompt=9:3"), HasSubstr("the range is empty"));
  EXPECT_THAT(refusal("prompt=0"), HasSubstr("prompt"));
  EXPECT_THAT(refusal("topics"), HasSubstr("KEY=VALUE"));
  EXPECT_EQ(parse_workload("prompt=7").prompt_max, 7);
  const std::string all =
      "rate=2.5,prompt=3:9,output=4:4,topics=2,period=7,concentration=0.5,zipf=1.3,seed=8";
  EXPECT_EQ(workload_text(parse_workload(all)), all);
}

}  // namespace
}  // namespace moescope::runtime
