// The importer of NCCL's and RCCL's Inspector: every version of its output, and broken lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/spans/collective.h"
#include "tests/support/error_of.h"
#include "tests/support/import_file.h"
#include "tests/support/temp_folder.h"
#include "tests/support/torch_writer.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr long long kInspectorEpochUs = 1'752'867'229'000'000;

std::string header(int rank, int ranks = 8, const std::string& id = "0xabc") {
  return R"("header":{"id":")" + id + R"(","comm_name":"EP group","rank":)" + std::to_string(rank) +
         R"(,"n_ranks":)" + std::to_string(ranks) + R"(,"nnodes":1})";
}
std::string metadata(long long dumped_us, const std::string& version = "v4.2", int pid = 77) {
  return R"("metadata":{"inspector_output_format_version":")" + version +
         R"(","git_rev":"","rec_mechanism":"nccl_profiler_interface","dump_timestamp_us":)" +
         std::to_string(kInspectorEpochUs + dumped_us) + R"(,"hostname":"node1","pid":)" +
         std::to_string(pid) + "}";
}
/// A verbose collective whose two channels ran from `start` to `stop` and 10 us less.
std::string collective(int number, long long start, long long stop, long long exec) {
  const auto at = [](long long us) { return std::to_string(kInspectorEpochUs + us); };
  return R"("coll_perf":{"coll":"AllReduce","coll_algo":"RING","coll_sn":)" +
         std::to_string(number) + R"(,"coll_msg_size_bytes":4096,"coll_exec_time_us":)" +
         std::to_string(exec) +
         R"(,"coll_timing_source":"kernel_gpu","coll_busbw_gbs":1.5,"event_trace_sn":{"coll_start_sn":1},)"
         R"("event_trace_ts":{"coll_start_ts":)" +
         at(start - 50) + R"(,"kernel_events":[)" + R"({"channel_id":0,"kernel_start_ts":)" +
         at(start) + R"(,"kernel_stop_ts":)" + at(stop - 10) +
         R"(},{"channel_id":1,"kernel_start_ts":)" + at(start + 5) + R"(,"kernel_stop_ts":)" +
         at(stop) + "}]}}";
}
std::string plain_collective(int number, long long exec) {
  return R"("coll_perf":{"coll":"AllGather","coll_sn":)" + std::to_string(number) +
         R"(,"coll_msg_size_bytes":4096,"coll_exec_time_us":)" + std::to_string(exec) +
         R"(,"coll_timing_source":"kernel_gpu"})";
}
std::string line(const std::string& a, const std::string& b, const std::string& c = "") {
  return "{" + a + (b.empty() ? "" : "," + b) + (c.empty() ? "" : "," + c) + "}\n";
}

class Inspector : public testing::Test {
 protected:
  TracePtr open(const std::string& text) {
    test::write_bytes(file(), text);
    return test::open_file(file());
  }
  std::string error(const std::string& text) {
    return test::error_of([&] { open(text); });
  }
  std::filesystem::path file() const { return folder_ / "node1-pid77.log"; }

 private:
  test::TempFolder folder_;
};

TEST_F(Inspector, VerboseCollectivesAreKernelsOfTheGpu) {
  const auto trace = open(line(header(3), metadata(900), collective(1, 100, 300, 190)) +
                          line(header(3), metadata(900), collective(2, 400, 480, 70)));
  const auto spans = test::named_spans(*trace);
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].name, "ncclAllReduce");
  EXPECT_EQ(spans[0].kind, SpanKind::Kernel);
  EXPECT_EQ(spans[0].start, 0);
  EXPECT_EQ(spans[0].duration, 190'000);
  EXPECT_EQ(spans[1].start, 300'000);
  EXPECT_EQ(spans[1].duration, 70'000);
  EXPECT_THAT(spans[0].track, HasSubstr("EP group"));
  EXPECT_EQ(spans[0].args["channels"], 2);
  EXPECT_EQ(spans[0].args["coll_algo"], "RING");
  EXPECT_EQ(trace->info().start_epoch_ns, (kInspectorEpochUs + 100) * 1000);
  EXPECT_EQ(trace->info().format, "inspector");
  EXPECT_THAT(trace->info().producer, HasSubstr("v4.2"));
  EXPECT_THAT(trace->info().warnings, ElementsAre(HasSubstr("no compute")));
  ASSERT_EQ(trace->processes().size(), 1U);
  EXPECT_EQ(trace->processes()[0].rank, 3);
  EXPECT_EQ(trace->processes()[0].world_size, 8);
  const Classification classes(*trace, RuleSet::built_in());
  const auto overlap = analyze_overlap(*trace, classes);
  ASSERT_EQ(overlap.overlap.size(), 1U);
  EXPECT_EQ(overlap.overlap[0].figures.comm, 260'000);
}

TEST_F(Inspector, ClocksOfRanksAreAlignedOnTheSameCollective) {
  const auto trace = open(line(header(3), metadata(900), collective(7, 100, 300, 190)));
  const auto spans = test::named_spans(*trace);
  const auto id = collective_id(spans[0].name, spans[0].args.dump());
  ASSERT_TRUE(id);
  EXPECT_EQ(id->sequence, 7);
  EXPECT_THAT(id->group, HasSubstr("0xabc"));
}

TEST_F(Inspector, WithoutTimesTheyEndBeforeTheirDumpAndCountInNoFigure) {
  const auto trace = open(line(header(0), metadata(1000, "v4.0"), plain_collective(1, 100)) +
                          line(header(0), metadata(1000, "v4.0"), plain_collective(2, 30)) +
                          line(header(0), metadata(5000, "v4.0"), plain_collective(3, 10)));
  const auto spans = test::named_spans(*trace);
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_THAT(spans[0].track, HasSubstr("start not recorded"));
  EXPECT_EQ(spans[0].kind, SpanKind::Other);
  EXPECT_EQ(spans[0].duration, 100'000);
  EXPECT_EQ(spans[1].start, 100'000);
  EXPECT_EQ(spans[2].start, 4'120'000);
  EXPECT_THAT(trace->info().warnings, Contains(HasSubstr("NCCL_INSPECTOR_DUMP_VERBOSE=1")));
  EXPECT_THAT(trace->devices(), IsEmpty());
}

TEST_F(Inspector, SinceVersion43TheFirstLineOfADumpHasTheHeader) {
  const std::string stats =
      R"("dump_stats":{"coll_records":1,"coll_dropped_since_last_dump":5,"p2p_records":1})";
  const std::string p2p =
      R"({"p2p_perf":{"p2p":"Send","p2p_sn":1,"p2p_peer":4,"p2p_exec_time_us":20}})";
  const auto trace = open(
      line(header(1), metadata(900, "v4.3"), stats) + line(collective(1, 100, 200, 90), "") + p2p +
      "\n" +
      line(header(0, 2, "0xdef"), metadata(950, "v4.3"), R"("dump_stats":{"coll_records":1})") +
      line(collective(1, 300, 400, 80), ""));
  const auto spans = test::named_spans(*trace);
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(trace->processes().size(), 1U);
  EXPECT_EQ(trace->processes()[0].rank, 1);  // that of the larger communicator
  EXPECT_EQ(spans[0].args["Process Group Name"], "0xabc");
  EXPECT_THAT(spans, Contains(testing::Field(&test::NamedSpan::name, "ncclSend")));
  ASSERT_EQ(trace->losses().size(), 1U);
  EXPECT_EQ(trace->losses()[0].count, 5U);
}

TEST_F(Inspector, ProxyOperationsAreOfTheHost) {
  const auto at = [](long long us) { return std::to_string(kInspectorEpochUs + us); };
  const auto trace =
      open(line(header(1), metadata(900, "v4.3"), R"("dump_stats":{"proxy_records":1})") +
           R"({"proxy_trace":{"record_type":"proxy_op","channel_id":2,"direction":"send","peer":3,)"
           R"("event_trace_ts":{"proxy_op_start_ts":)" +
           at(10) + R"(,"proxy_op_stop_ts":)" + at(30) + "}}}\n");
  const auto spans = test::named_spans(*trace);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].name, "proxy op");
  EXPECT_EQ(spans[0].duration, 20'000);
  EXPECT_EQ(spans[0].kind, SpanKind::Other);
  EXPECT_THAT(spans[0].track, HasSubstr("proxy channel 2 send"));
}

TEST_F(Inspector, AProcessOfSeveralGpusHasAProcessForEachRank) {
  const auto trace = open(line(header(0), metadata(900), collective(1, 100, 300, 190)) +
                          line(header(1), metadata(900), collective(1, 110, 300, 180)));
  ASSERT_EQ(trace->processes().size(), 2U);
  EXPECT_EQ(trace->processes()[0].label, "rank 0");
  EXPECT_EQ(trace->processes()[1].label, "rank 1");
}

TEST_F(Inspector, BrokenLinesAreCountedAndTheRestIsRead) {
  const auto good = line(header(3), metadata(900), collective(1, 100, 300, 190));
  const auto trace =
      open(good + "garbage\n[1]\n" + line(header(3), metadata(900), R"("coll_perf":{"coll":"X"})") +
           line(header(3), metadata(900), R"("other":1)") + "{\"header\"");
  EXPECT_EQ(trace->span_count(), 1U);
  EXPECT_THAT(trace->info().skipped, Contains(Pair("line is no JSON object", 2U)));
  EXPECT_THAT(trace->info().skipped, Contains(Pair("operation without a duration", 1U)));
  EXPECT_THAT(trace->info().skipped, Contains(Pair("line of an unknown kind", 1U)));
  EXPECT_THAT(trace->info().skipped, Contains(Pair("last line is cut off", 1U)));
}

TEST_F(Inspector, ImpossibleTimesAndKindsAreNoCrash) {
  for (const char* operation : {R"("coll_perf":{"coll":5,"coll_exec_time_us":1e300})",
                                R"("coll_perf":{"coll":"A","coll_exec_time_us":-1})",
                                R"("coll_perf":{"coll":"A","coll_exec_time_us":"9"})",
                                R"("coll_perf":7)", R"("proxy_trace":{"record_type":[1]})",
                                R"("coll_perf":{"coll":"A","coll_exec_time_us":2305843009213693})"})
    EXPECT_NE(error(line(header(3), metadata(900), operation) +
                    line(header(3), metadata(900), operation) +
                    line(header(3), metadata(900), operation)),
              "");
  EXPECT_THAT(error(line(header(3), metadata(900), R"("dump_stats":{})")),
              HasSubstr("no operation"));
}

}  // namespace
}  // namespace moescope
