// The critical path of a step across ranks.
#include "core/analysis/critical_path/critical_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/trace/sink.h"

namespace moescope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Kernel {
  std::string name;
  TimeNs start, duration;
  std::int64_t stream = 7;
};

/// A process with a GPU for each list of kernels.
TracePtr ranks(const std::vector<std::vector<Kernel>>& all) {
  TraceBuilder builder;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    Process made;
    made.label = "rank " + std::to_string(rank);
    made.rank = static_cast<int>(rank);
    const ProcessId process = builder.add_process(made);
    Device device;
    device.process = process;
    builder.add_device(device);
    for (const std::int64_t stream : {7, 8}) {
      SpanBatch batch;
      for (const Kernel& kernel : all[rank]) {
        if (kernel.stream != stream) continue;
        auto& c = batch.columns;
        c.start.push_back(kernel.start);
        c.duration.push_back(kernel.duration);
        c.name.push_back(builder.strings().intern(kernel.name));
        c.correlation.push_back(0);
        c.launch.push_back(0);
        c.kind.push_back(SpanKind::Kernel);
      }
      Track track;
      track.process = process;
      track.type = TrackType::DeviceStream;
      track.device = 0;
      track.id = stream;
      builder.append(builder.add_track(track), std::move(batch));
    }
  }
  return builder.snapshot();
}

CriticalPath path_of(const TracePtr& trace, TimeRange window) {
  const Classification classes(*trace, RuleSet::built_in());
  Progress progress;
  const FlowIndex flows(*trace, classes, progress);
  std::vector<DeviceKey> devices;
  for (ProcessId process = 0; process < trace->processes().size(); ++process)
    devices.push_back({process, 0});
  return critical_path(*trace, classes, flows, devices, window);
}

TimeNs length_of(const CriticalPath& path) {
  TimeNs sum = 0;
  for (const PathSegment& segment : path.segments) sum += segment.time.length();
  return sum;
}

std::vector<std::pair<ProcessId, TimeRange>> places_of(const CriticalPath& path) {
  std::vector<std::pair<ProcessId, TimeRange>> places;
  for (const PathSegment& segment : path.segments)
    places.emplace_back(segment.device.process, segment.time);
  return places;
}

constexpr auto kDispatch = "void deep_ep::internode::dispatch<true>(int)";

TEST(CriticalPath, GoesOnAtTheRankThatArrivedLast) {
  // Rank 1 computes for 80 where rank 0 needs 30; then both dispatch until 100, and rank 0
  // computes.
  const auto trace = ranks({{{"gemm", 0, 30}, {kDispatch, 30, 70}, {"gemm", 100, 50}},
                            {{"gemm", 0, 80}, {kDispatch, 80, 20}, {"gemm", 100, 10}}});
  const CriticalPath path = path_of(trace, {0, 150});
  using Place = std::pair<ProcessId, TimeRange>;
  EXPECT_THAT(places_of(path),
              ElementsAre(Place{1, {0, 80}}, Place{0, {80, 100}}, Place{0, {100, 150}}));
  EXPECT_EQ(path.segments[0].cause, PathCause::Compute);
  EXPECT_THAT(path.segments[0].waited_for_by, ElementsAre(DeviceKey{0, 0}));
  EXPECT_EQ(path.segments[1].cause, PathCause::Transfer);
  EXPECT_EQ(path.segments[1].span_class, SpanClass::Dispatch);
  ASSERT_EQ(path.stragglers.size(), 1U);
  EXPECT_EQ(path.stragglers[0].device.process, 1U);
  EXPECT_EQ(path.stragglers[0].waited, 50);
  EXPECT_EQ(length_of(path), 150);
  EXPECT_THAT(path_in_words(path, *trace),
              testing::Contains(AllOf(HasSubstr("on rank 1, GPU 0, 80.0 ns"),
                                      HasSubstr("rank 0, GPU 0 waits for it"))));
}

TEST(CriticalPath, HiddenCommunicationIsNotOnItButItsExposedRestIs) {
  const auto trace = ranks({{{kDispatch, 0, 100, 8}, {"gemm", 10, 60}, {"gemm", 100, 20}}});
  const CriticalPath path = path_of(trace, {0, 120});
  using Place = std::pair<ProcessId, TimeRange>;
  EXPECT_THAT(places_of(path), ElementsAre(Place{0, {0, 10}}, Place{0, {10, 70}},
                                           Place{0, {70, 100}}, Place{0, {100, 120}}));
  EXPECT_EQ(path.segments[2].cause, PathCause::Transfer);
  EXPECT_EQ(path.shares.front().time, 80) << "compute";
}

TEST(CriticalPath, GapsAreIdleAndTheWindowIsCovered) {
  const auto trace = ranks({{{"gemm", 10, 20}, {"gemm", 50, 20}}});
  const CriticalPath path = path_of(trace, {0, 100});
  EXPECT_EQ(length_of(path), 100);
  EXPECT_EQ(path.segments.front().cause, PathCause::Idle);
  EXPECT_EQ(path.segments.back().time, (TimeRange{70, 100}));
  EXPECT_EQ(path.segments.back().cause, PathCause::Idle);
}

TEST(CriticalPath, RanksThatArriveTogetherAndAnEmptyWindowEnd) {
  const auto trace = ranks({{{kDispatch, 10, 50}, {"ncclDevKernel_A", 10, 60, 8}},
                            {{kDispatch, 10, 50}, {"ncclDevKernel_A", 10, 60, 8}}});
  EXPECT_EQ(length_of(path_of(trace, {0, 70})), 70);
  EXPECT_TRUE(path_of(trace, {200, 300}).segments.empty());
  EXPECT_TRUE(path_of(ranks({{}}), {0, 10}).segments.empty());
}

}  // namespace
}  // namespace moescope
