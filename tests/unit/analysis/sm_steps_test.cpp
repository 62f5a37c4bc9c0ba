#include "core/analysis/sm/sm_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/analysis/spans/gpu_span_cursor.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

SmStep held(TimeNs begin, std::uint16_t comm, std::uint16_t compute) {
  SmStep step{begin, comm, compute, {}};
  step.by_class[static_cast<std::size_t>(SpanClass::Dispatch)] = comm;
  step.by_class[static_cast<std::size_t>(SpanClass::Expert)] = compute;
  return step;
}

TEST(SmSteps, EqualNeighboursAreOneStep) {
  SmSteps steps({0, 40}, 100);
  steps.add(held(0, 2, 8), 10);
  steps.add(held(10, 2, 8), 20);
  steps.add(held(20, 0, 8), 40);
  EXPECT_EQ(steps.cell(), 0);
  const auto all = steps.take();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].begin, 20);
}

TEST(SmSteps, TooManyBecomeMeansThatKeepTheSum) {
  constexpr TimeNs kEnd = 100'000;
  SmSteps steps({0, kEnd}, 100);
  for (TimeNs t = 0; t < kEnd; t += 10)
    steps.add(held(t, 0, t % 20 == 0 ? 40 : 0), t + 10);  // half of the time 40
  EXPECT_GT(steps.cell(), 1000);
  const auto all = steps.take();
  EXPECT_LE(all.size(), 100U);
  EXPECT_EQ(all.front().begin, 0);
  for (const SmStep& step : all) EXPECT_NEAR(step.compute, 20, 1);
}

TEST(SmSteps, ALongStretchStaysWhatItWas) {
  SmSteps steps({0, 1'000'000}, 4);
  for (TimeNs t = 0; t < 100; t += 10) steps.add(held(t, t / 10 % 2, 0), t + 10);
  steps.add(held(100, 3, 5), 1'000'000);
  const auto all = steps.take();
  EXPECT_LE(all.size(), 4U);
  EXPECT_EQ(all.back().comm, 3);
  EXPECT_EQ(all.back().compute, 5);
}

TEST(GpuSpanCursor, MergesTracksByStartAndCutsToTheWindow) {
  const TracePtr trace = test::make_trace({{"a", 0, 30, 7},
                                           {"b", 10, 10, 8},
                                           {"c", 10, 5, 7},
                                           {"call", 12, 1, 1, SpanKind::Runtime},
                                           {"d", 50, 10, 8}});
  std::vector<TrackId> streams;
  for (TrackId track = 0; track < trace->tracks().size(); ++track)
    if (trace->tracks()[track].type == TrackType::DeviceStream) streams.push_back(track);
  const auto walk = [&](std::optional<TimeRange> window) {
    std::vector<std::pair<std::string, TimeRange>> found;
    Progress progress;
    for (GpuSpanCursor work(*trace, streams, window, progress); work.next();)
      found.emplace_back(trace->strings()[work.columns().name[work.row()]], work.span());
    return found;
  };
  using Found = std::pair<std::string, TimeRange>;
  EXPECT_THAT(walk({}), testing::ElementsAre(Found{"a", {0, 30}}, Found{"c", {10, 15}},
                                             Found{"b", {10, 20}}, Found{"d", {50, 60}}));
  EXPECT_THAT(
      walk(TimeRange{15, 55}),
      testing::ElementsAre(Found{"a", {15, 30}}, Found{"b", {15, 20}}, Found{"d", {50, 55}}));
  EXPECT_TRUE(walk(TimeRange{30, 50}).empty());
}

}  // namespace
}  // namespace moescope
