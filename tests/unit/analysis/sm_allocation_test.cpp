#include "core/analysis/sm/sm_allocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

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

TEST(SmAllocation, KernelsWithoutLengthHoldNothing) {
  std::vector<test::MadeSpan> spans = {{"gemm", 0, 100, 7, SpanKind::Kernel, 0, blocks(10)},
                                       {kComm, 100, 0, 20, SpanKind::Kernel, 0, blocks(20)}};
  // So many that sorting their edges by time alone would mix ends before starts.
  for (int i = 0; i < 40; ++i)
    spans.push_back({"empty", 50, 0, 8, SpanKind::Kernel, 0, blocks(4096)});
  const auto a = allocation_of(make_trace(spans));
  EXPECT_THAT(a.time_at, testing::ElementsAre(testing::Pair(std::pair(0, 10), 100)));
  EXPECT_EQ(a.oversubscribed, 0);
}

/// Records of two kernels on four SMs: 1 is compute, 2 communication.
std::vector<SmRecord> records() {
  return {{0, 60, 0, 0, 0, 1}, {0, 100, 0, 0, 1, 2}, {20, 40, 0, 0, 0, 2}};
}
std::vector<test::MadeSpan> recorded_kernels() {
  return {{"gemm", 0, 100, 7, SpanKind::Kernel, 1, blocks(4096)},
          {kComm, 0, 100, 20, SpanKind::Kernel, 2, blocks(20)}};
}

TEST(SmAllocation, RecordedIdsAreUsedInsteadOfInference) {
  const auto a = allocation_of(make_trace(recorded_kernels(), 4, records()));
  EXPECT_EQ(a.method, SmMethod::Recorded);
  EXPECT_EQ(a.comm_sm_ns, 100 + 20);  // SM 1 throughout, SM 0 while a communication block is on it
  EXPECT_EQ(a.compute_sm_ns, 40);
  EXPECT_EQ(a.free_sm_ns, 4 * 100 - 160);
  EXPECT_EQ(a.caveats.size(), 1U);
}

TEST(SmAllocation, SmIdsTheDeviceDoesNotHaveAreCountedAndSaid) {
  auto odd = records();
  odd.push_back({0, 50, 0, 0, 4, 1});
  odd.push_back({0, 50, 0, 0, 0xFFFFFFFF, 1});
  odd.push_back({0, 50, 0, 0, 2, 77});
  const auto a = allocation_of(make_trace(recorded_kernels(), 4, odd));
  EXPECT_EQ(a.comm_sm_ns, 120);
  EXPECT_EQ(a.compute_sm_ns, 40 + 50);
  EXPECT_THAT(a.caveats,
              testing::IsSupersetOf({testing::HasSubstr("2 records name an SM beyond the 4"),
                                     testing::HasSubstr("1 records belong to no known kernel")}));
}

TEST(SmAllocation, AnImpossibleSmCountHasNoResult) {
  const auto trace = make_trace(recorded_kernels(), 65536, records());
  EXPECT_TRUE(analyze_sm_allocation(*trace, Classification(*trace, RuleSet::built_in())).empty());
  EXPECT_EQ(allocation_of(make_trace(recorded_kernels(), 65535)).steps.at(0).compute, 4096);
}

TEST(SmAllocation, CaveatsFollowTheDevice) {
  const auto caveats = [](const Device& device) {
    TraceBuilder builder;
    builder.add_process({.label = "rank 0"});
    builder.add_device(device);
    SpanBatch batch;
    batch.columns.push_back({0, 10, builder.strings().intern("gemm"), 0,
                             builder.intern_launch(blocks(4)), SpanKind::Kernel, 0});
    builder.append(builder.add_track({.type = TrackType::DeviceStream, .device = 0}), batch);
    return allocation_of(builder.snapshot()).caveats;
  };
  using testing::Contains;
  using testing::HasSubstr;
  using testing::Not;
  const Device h800{.name = "NVIDIA H800",
                    .sm_count = 132,
                    .max_threads_per_sm = 2048,
                    .max_blocks_per_sm = 32,
                    .registers_per_sm = 65536,
                    .shared_memory_per_sm = 233472};
  EXPECT_THAT(caveats(h800), Contains(HasSubstr("PDL")));
  EXPECT_THAT(caveats(h800), Contains(HasSubstr("setmaxnreg")));
  EXPECT_THAT(caveats(h800), Not(Contains(HasSubstr("assumed"))));
  EXPECT_THAT(caveats({.name = "NVIDIA H800", .sm_count = 132}), Contains(HasSubstr("assumed")));
  EXPECT_THAT(caveats({.name = "AMD Instinct MI300X", .sm_count = 304}),
              Contains(HasSubstr("AMD")));
  EXPECT_THAT(caveats(h800), Not(Contains(HasSubstr("AMD"))));
}

/// The method of the inference, one nanosecond at a time.
TEST(SmAllocation, InferenceAgreesWithSharingOutEveryNanosecond) {
  constexpr TimeNs kLength = 600;
  constexpr int kSms = 16;
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    std::vector<test::MadeSpan> spans;
    for (int i = 0; i < 25; ++i)
      spans.push_back({random() % 3 == 0 ? kComm : "gemm", static_cast<TimeNs>(random() % 500),
                       static_cast<TimeNs>(random() % 4 == 0 ? 0 : random() % 100), 7 + i % 5,
                       SpanKind::Kernel, 0, blocks(1 + random() % 30)});
    const auto a = allocation_of(make_trace(spans, kSms));
    std::map<std::pair<int, int>, TimeNs> time_at;
    TimeNs first = kLength, last = 0, oversubscribed = 0;
    for (const auto& s : spans) {
      first = std::min(first, s.start);
      last = std::max(last, s.start + s.duration);
    }
    for (TimeNs t = first; t < last; ++t) {
      int held[2] = {0, 0}, demand = 0;
      for (const bool narrow : {true, false})
        for (const bool comm : {true, false})  // sums do not depend on the order within a width...
          for (const auto& s : spans) {
            const auto wanted = static_cast<int>(std::min<std::uint64_t>(kSms, s.launch.blocks()));
            const bool is_narrow = s.launch.blocks() <= kSms;
            if (t < s.start || t >= s.start + s.duration || is_narrow != narrow ||
                (s.name == kComm) != comm)
              continue;
            demand += wanted;
            held[comm ? 0 : 1] += wanted;
          }
      oversubscribed += demand > kSms;
      if (demand <= kSms) ++time_at[{held[0], held[1]}];  // ... unless there is too little
    }
    EXPECT_EQ(a.oversubscribed, oversubscribed);
    TimeNs held_fully = 0;
    for (const auto& [sms, ns] : a.time_at) {
      if (sms.first + sms.second == kSms) {
        held_fully += ns;
        continue;
      }
      EXPECT_EQ(ns, time_at[sms]) << sms.first << ", " << sms.second;
    }
    for (const auto& [sms, ns] : time_at)
      if (sms.first + sms.second == kSms) held_fully -= ns;
    EXPECT_EQ(held_fully, oversubscribed);
  }
}

TEST(SmAllocation, RecordsAgreeWithLookingAtEverySmEveryNanosecond) {
  constexpr TimeNs kLength = 300;
  constexpr std::uint32_t kSms = 6;
  std::mt19937 random(9);
  for (int round = 0; round < 40; ++round) {
    std::vector<SmRecord> records;
    for (int i = 0; i < 30; ++i) {
      const TimeNs start = static_cast<TimeNs>(random() % 250);
      records.push_back({start, start + static_cast<TimeNs>(random() % 50), 0, 0,
                         static_cast<std::uint32_t>(random() % kSms),
                         static_cast<std::uint32_t>(1 + random() % 2)});
    }
    const auto a = allocation_of(make_trace({{"gemm", 0, kLength, 7, SpanKind::Kernel, 1},
                                             {kComm, 0, kLength, 20, SpanKind::Kernel, 2}},
                                            kSms, records));
    std::map<std::pair<int, int>, TimeNs> time_at;
    for (TimeNs t = 0; t < kLength; ++t) {
      int comm = 0, compute = 0;
      for (std::uint32_t sm = 0; sm < kSms; ++sm) {
        bool has[2] = {false, false};
        for (const auto& r : records)
          if (r.sm == sm && r.start <= t && t < r.end) has[r.correlation - 1] = true;
        comm += has[1];
        compute += has[0] && !has[1];
      }
      ++time_at[{comm, compute}];
    }
    EXPECT_EQ(a.time_at, time_at);
  }
}

TEST(SmAllocation, ADeviceWithoutSmCountHasNoResult) {
  const auto trace = make_trace({{"gemm", 0, 10}}, 0);
  EXPECT_TRUE(analyze_sm_allocation(*trace, Classification(*trace, RuleSet::built_in())).empty());
}

}  // namespace
}  // namespace moescope
