#include <map>

#include "tests/support/data.h"
#include "tests/unit/import/kineto_test_support.h"

namespace moescope {
namespace {

using test::all_spans;
using test::import_kineto;

constexpr const char* kReference = "deepseek_v3_train_rank0.json";

TEST(KinetoReference, HasEveryEventOnItsTrack) {
  MOESCOPE_REQUIRE_DATA(kReference);
  const auto trace = import_kineto(test::shared_data(kReference));
  EXPECT_EQ(trace->info().events, 14240U);
  EXPECT_TRUE(trace->info().skipped.empty());
  EXPECT_TRUE(trace->info().warnings.empty());
  EXPECT_EQ(trace->info().extra.at("flow events"), "4892");
  EXPECT_EQ(trace->span_count(), 9306U + 2U);
  std::map<SpanKind, int> kinds;
  for (const auto& span : all_spans(*trace)) ++kinds[span.kind];
  EXPECT_EQ(kinds[SpanKind::Kernel], 963);
  EXPECT_EQ(kinds[SpanKind::Memcpy], 8);
  EXPECT_EQ(kinds[SpanKind::Memset], 12);
  EXPECT_EQ(kinds[SpanKind::Runtime], 3853 + 40);
  EXPECT_EQ(kinds[SpanKind::CpuOp], 4387);
  EXPECT_EQ(kinds[SpanKind::Annotation], 42);
  EXPECT_EQ(kinds[SpanKind::Instant], 2);
  std::map<std::int64_t, std::uint64_t> streams;
  for (TrackId t = 0; t < trace->tracks().size(); ++t)
    if (trace->tracks()[t].type == TrackType::DeviceStream)
      streams[trace->tracks()[t].id] = trace->span_count(t);
  EXPECT_EQ(streams, (std::map<std::int64_t, std::uint64_t>{{7, 927}, {23, 16}, {27, 40}}));
}

TEST(KinetoReference, KnowsTheRankTheDeviceAndTheClock) {
  MOESCOPE_REQUIRE_DATA(kReference);
  const auto trace = import_kineto(test::shared_data(kReference));
  ASSERT_EQ(trace->processes().size(), 1U);
  EXPECT_EQ(trace->processes()[0].label, "rank 0");
  EXPECT_EQ(trace->processes()[0].rank, 0);
  EXPECT_EQ(trace->processes()[0].world_size, 64);
  ASSERT_EQ(trace->devices().size(), 1U) << "devices that no event uses are not listed";
  const Device& gpu = trace->devices()[0];
  EXPECT_EQ(gpu.name, "NVIDIA H800");
  EXPECT_EQ(gpu.sm_count, 132);
  EXPECT_EQ(gpu.registers_per_sm, 65536);
  EXPECT_EQ(gpu.max_threads_per_sm, 2048);
  EXPECT_EQ(gpu.shared_memory_per_sm, 233472);
  EXPECT_EQ(gpu.shared_memory_per_block_max, 232448);
  EXPECT_EQ(gpu.compute_major, 9);
  EXPECT_EQ(trace->info().start_epoch_ns, 1740461679470630000);
  EXPECT_EQ(trace->range().begin, 0);
}

TEST(KinetoReference, EveryKernelFindsItsLaunchByCorrelation) {
  MOESCOPE_REQUIRE_DATA(kReference);
  const auto trace = import_kineto(test::shared_data(kReference));
  std::map<std::uint32_t, std::string> launches;
  for (const auto& span : all_spans(*trace))
    if (span.kind == SpanKind::Runtime) launches[span.correlation] = trace->strings()[span.name];
  std::map<std::string, int> found;
  for (const auto& span : all_spans(*trace))
    if (span.kind == SpanKind::Kernel) ++found[launches[span.correlation]];
  EXPECT_EQ(found,
            (std::map<std::string, int>{
                {"cudaLaunchKernel", 727}, {"cudaLaunchKernelExC", 196}, {"cuLaunchKernel", 40}}));
}

TEST(KinetoReference, NumberOfThreadsDoesNotChangeTheTrace) {
  MOESCOPE_REQUIRE_DATA(kReference);
  const auto trace = import_kineto(test::shared_data(kReference), {true, 1});
  const auto parallel = import_kineto(test::shared_data(kReference), {true, 3});
  const auto spans = all_spans(*trace), again = all_spans(*parallel);
  ASSERT_EQ(spans.size(), again.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    ASSERT_EQ(spans[i].start, again[i].start);
    ASSERT_EQ(spans[i].name, again[i].name);
    ASSERT_EQ(spans[i].correlation, again[i].correlation);
  }
}

}  // namespace
}  // namespace moescope
