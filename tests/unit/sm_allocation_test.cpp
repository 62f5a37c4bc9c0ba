#include "core/analysis/sm_allocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::blocks;
using test::make_trace;

constexpr const char* kComm = "ncclDevKernel_SendRecv";

SmAllocation allocation_of(const TracePtr& trace) {
  const auto all = analyze_sm_allocation(*trace, Classification(*trace, RuleSet::built_in()));
  return all.at(0);
}

TEST(SmAllocation, NarrowKernelsHoldTheirBlocksAndWideOnesFillTheRest) {
  const auto a = allocation_of(make_trace({
      {"wide", 0, 100, 7, SpanKind::Kernel, 0, blocks(4096)},
      {kComm, 50, 100, 20, SpanKind::Kernel, 0, blocks(20)},
  }));
  EXPECT_EQ(a.method, SmMethod::Inferred);
  EXPECT_EQ(a.comm_sm_ns, 20 * 100);
  EXPECT_EQ(a.compute_sm_ns, 132 * 50 + 112 * 50);
  EXPECT_EQ(a.free_sm_ns, 112 * 50);
  EXPECT_EQ(a.oversubscribed, 50);
  EXPECT_THAT(a.time_at, testing::ElementsAre(testing::Pair(std::pair(0, 132), 50),
                                              testing::Pair(std::pair(20, 0), 50),
                                              testing::Pair(std::pair(20, 112), 50)));
  EXPECT_FALSE(a.caveats.empty());
}

TEST(SmAllocation, ExactOnlyWhereBlocksCannotShareAnSm) {
  const auto exact_with = [](std::uint32_t registers) {
    return allocation_of(make_trace({
                             {"gemm", 0, 100, 7, SpanKind::Kernel, 0, blocks(112, 384, registers)},
                             {kComm, 0, 100, 20, SpanKind::Kernel, 0, blocks(20, 512, 64)},
                         }))
        .exact;
  };
  EXPECT_EQ(exact_with(168), 100);  // 64,512 registers: no room for 512 threads x 64
  EXPECT_EQ(exact_with(32), 0);
}

TEST(SmAllocation, LimitsPerSmFollowRegistersSharedMemoryAndThreads) {
  const Device h800{.sm_count = 132};
  EXPECT_EQ(blocks_per_sm(blocks(1, 384, 168), h800), 1);  // registers
  EXPECT_EQ(blocks_per_sm(blocks(1, 1024, 16), h800), 2);  // threads
  EXPECT_EQ(blocks_per_sm(blocks(1, 32, 16), h800), 32);   // block slots
  LaunchConfig large = blocks(1, 128, 32);
  large.shared_memory = 41984;  // + 1 KiB each: 5 fit 228 KiB
  EXPECT_EQ(blocks_per_sm(large, h800), 5);
  EXPECT_EQ(blocks_per_sm({}, h800), 0);
}

TEST(SmAllocation, KernelsWithoutAGridAreSaidToFillTheDevice) {
  const auto a = allocation_of(make_trace({{"unknown", 0, 10}}));
  EXPECT_EQ(a.compute_sm_ns, 1320);
  EXPECT_THAT(a.caveats, testing::Contains(testing::HasSubstr("1 kernels have no recorded grid")));
}

TEST(SmAllocation, RecordedBlocksAreUsedInsteadOfInference) {
  const auto trace =
      make_trace({{"gemm", 0, 100, 7, SpanKind::Kernel, 1, blocks(4096)},
                  {kComm, 0, 100, 20, SpanKind::Kernel, 2, blocks(20)}},
                 4, {{0, 60, 0, 0, 0, 1}, {0, 100, 0, 0, 1, 2}, {20, 40, 0, 0, 0, 2}});
  const auto a = allocation_of(trace);
  EXPECT_EQ(a.method, SmMethod::BlockTrace);
  EXPECT_EQ(a.comm_sm_ns, 100 + 20);  // SM 1 throughout, SM 0 while a communication block is on it
  EXPECT_EQ(a.compute_sm_ns, 40);
  EXPECT_EQ(a.free_sm_ns, 4 * 100 - 160);
}

TEST(SmAllocation, ADeviceWithoutSmCountHasNoResult) {
  const auto trace = make_trace({{"gemm", 0, 10}}, 0);
  EXPECT_TRUE(analyze_sm_allocation(*trace, Classification(*trace, RuleSet::built_in())).empty());
}

}  // namespace
}  // namespace moescope
