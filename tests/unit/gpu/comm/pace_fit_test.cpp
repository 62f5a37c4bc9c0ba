// Served over paced links: the same tokens, and nothing is left of the steps that tried the links.
#include "gpu/engine/pace_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/analysis/overlap/paced_links.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_writer.h"
#include "gpu/base/clock.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/engine.h"
#include "gpu/engine/layout.h"
#include "tests/unit/gpu/gpu_test_support.h"
#include "tests/unit/gpu/serving_support.h"

namespace moescope::runtime {
namespace {

using test::greedy;
using test::served_model;
using test::small_options;
using ::testing::HasSubstr;

EngineOptions paced(const std::string& pace) {
  EngineOptions options = small_options();
  options.pace = parse_pace(pace);
  return options;
}

TEST(GpuPace, RequestsGetTheSameTokensOverGivenAndFittedLinks) {
  for (const auto* pace : {"nvlink=3,ib=1,latency=5,cores=4", "auto"})
    for (const int tp : {1, 2})
      for (const bool overlap : {tp == 1, false}) {
        EngineOptions options = paced(pace);
        options.tp = tp;
        options.overlap = overlap;
        options.batch_delay = 0.01;
        Engine engine(cpu_backend(), served_model(), options, std::nullopt, nullptr);
        engine.keep_outputs();
        Progress progress;
        const auto statistics = engine.run({0, 24}, progress);
        ASSERT_GT(engine.outputs().size(), 0U);
        for (const auto& [request, output] : engine.outputs())
          ASSERT_EQ(output, greedy(request)) << pace << ", request " << request.id;
        EXPECT_THAT(statistics.links, HasSubstr("NVLink ")) << pace;
      }
}

TEST(GpuPace, StepsThatTryTheLinksAreNotRecorded) {
  const test::TempFolder folder;
  const EngineOptions options = paced("auto");
  std::string links;
  std::uint64_t steps = 0;
  {
    MoetraceWriter writer(folder.path() / "paced.moetrace");
    Recorder recorder(writer, recorded_ranks(options, served_model()->config), {}, steady_now());
    Engine engine(cpu_backend(), served_model(), options, std::nullopt, &recorder);
    Progress progress;
    const auto statistics = engine.run({0, 20}, progress);
    links = statistics.links;
    steps = statistics.prefill_steps + statistics.decode_steps;
    EXPECT_EQ(engine.control().status().links, links);
    recorder.finish();
    writer.finish(progress);
  }
  const auto trace = open_moetrace(folder.path() / "paced.moetrace");
  EXPECT_EQ(paced_links_text(trace->info()), "paced links: " + links);
  EXPECT_THAT(links, HasSubstr("fitted to this machine"));
  std::uint64_t recorded = 0;
  for (TrackId track = 0; track < trace->tracks().size(); ++track)
    if (trace->tracks()[track].name.ends_with(" steps")) recorded += trace->span_count(track);
  EXPECT_EQ(recorded, steps);
  EXPECT_LT(trace->range().begin, 1'000'000'000) << "times count from when serving began";
}

TEST(GpuPace, WithoutPaceNothingIsSaidOfLinks) {
  Engine engine(cpu_backend(), served_model(), paced("off"), std::nullopt, nullptr);
  Progress progress;
  EXPECT_EQ(engine.run({0, 4}, progress).links, "");
}

TEST(GpuPace, RanksHaveEqualSharesOfTheCores) {
  EXPECT_DOUBLE_EQ(fair_cores(4), 2 * fair_cores(8));
  EXPECT_GT(fair_cores(1), 0.99);
}

TEST(PacedLinksText, NamesEveryRateOfTracesOpenedAsOne) {
  TraceInfo info;
  EXPECT_EQ(paced_links_text(info), "");
  info.extra["a.moetrace: paced links"] = "fast";
  info.extra["b.moetrace: paced links"] = "slow";
  info.extra["c.moetrace: paced links"] = "fast";
  info.extra["unpaced links"] = "none";
  EXPECT_EQ(paced_links_text(info), "paced links: fast / slow");
}

}  // namespace
}  // namespace moescope::runtime
