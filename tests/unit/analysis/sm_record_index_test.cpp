// The SMs of a device at a moment.
#include "core/analysis/sm/sm_record_index.h"

#include <gmock/gmock.h>

#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

SmRecordIndex index_of(const Trace& trace, DeviceKey key = {}) {
  Progress progress;
  return {trace, Classification(trace, RuleSet::built_in()), key, progress};
}

TEST(SmRecords, cellsCountBlocksAndNameTheKernelOfMostOfThem) {
  const TracePtr trace = test::make_trace({{"deep_ep::dispatch", 0, 100, 7, SpanKind::Kernel, 1},
                                           {"flash_fwd_kernel", 0, 100, 8, SpanKind::Kernel, 2}},
                                          4,
                                          {{0, 100, 0, 0, 1, 1},
                                           {10, 50, 0, 0, 2, 2},
                                           {10, 90, 0, 0, 2, 2},
                                           {20, 90, 0, 0, 2, 1},
                                           {30, 40, 0, 0, 3, 99},
                                           {30, 40, 0, 0, 9, 1},
                                           {30, 40, 0, 1, 0, 1}});
  const auto cells = index_of(*trace).at(35, 4);
  ASSERT_EQ(cells.size(), 4U);
  EXPECT_EQ(cells[0].blocks, 0) << "another device";
  EXPECT_EQ(cells[1].blocks, 1);
  EXPECT_EQ(cells[1].span_class, SpanClass::Dispatch);
  EXPECT_EQ(cells[2].blocks, 3);
  EXPECT_EQ(cells[2].span_class, SpanClass::Attention);
  EXPECT_EQ(trace->strings()[cells[2].kernel], "flash_fwd_kernel");
  EXPECT_EQ(cells[3].blocks, 1);
  EXPECT_FALSE(cells[3].span_class) << "no kernel of that correlation";
  const auto later = index_of(*trace).at(60, 4);
  EXPECT_EQ(later[2].blocks, 2);
  EXPECT_EQ(later[2].span_class, SpanClass::Dispatch) << "one block each: the later one";
}

TEST(SmRecords, aBlockHoldsItsSmUntilBeforeItsEnd) {
  const TracePtr trace =
      test::make_trace({{"k", 0, 100, 7, SpanKind::Kernel, 1}}, 1, {{10, 20, 0, 0, 0, 1}});
  const SmRecordIndex index = index_of(*trace);
  for (const auto& [time, blocks] :
       std::vector<std::pair<TimeNs, int>>{{9, 0}, {10, 1}, {19, 1}, {20, 0}})
    EXPECT_EQ(index.at(time, 1)[0].blocks, blocks) << time;
}

TEST(SmRecords, agreesWithAScanOverManyRecords) {
  std::vector<SmRecord> records;
  std::uint64_t seed = 1;
  const auto random = [&](std::uint64_t below) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return static_cast<TimeNs>((seed >> 33) % below);
  };
  for (TimeNs start = 0; start < 3000; ++start) {
    const TimeNs length = random(50) == 0 ? random(2500) : random(20);
    records.push_back({start, start + length, 0, 0, static_cast<std::uint32_t>(random(8)), 1});
  }
  const TracePtr trace = test::make_trace({{"k", 0, 9000, 7, SpanKind::Kernel, 1}}, 8, records);
  const SmRecordIndex index = index_of(*trace);
  for (TimeNs time = 0; time < 5600; time += 97) {
    std::vector<int> expected(8), got;
    for (const SmRecord& r : records)
      if (r.start <= time && r.end > time) ++expected[r.sm];
    for (const SmCell& cell : index.at(time, 8)) got.push_back(cell.blocks);
    EXPECT_EQ(got, expected) << time;
  }
}

TEST(SmRecords, withoutRecordsTheIndexIsEmpty) {
  const TracePtr trace = test::make_trace({{"k", 0, 100}});
  EXPECT_TRUE(index_of(*trace).empty());
  EXPECT_EQ(index_of(*trace).at(5, 3).size(), 3U);
}

}  // namespace
}  // namespace moescope
