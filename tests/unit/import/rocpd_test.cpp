// rocpd databases of rocprofv3, in both layouts of the schema.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/analysis/overlap/overlap.h"
#include "tests/support/error_of.h"
#include "tests/support/import_file.h"
#include "tests/support/nsys_file.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

constexpr const char* kUuid = "_0000af31_7b5c";

/// Statement with the suffix of this recording for each "%".
std::string with_uuid(std::string statement, const std::string& uuid = kUuid) {
  for (auto at = statement.find('%'); at != std::string::npos; at = statement.find('%', at))
    statement.replace(at, 1, uuid);
  return statement;
}

/// Nodes, a process of rank 5, a CPU and a GPU, a stream, two kernels, strings and events.
std::vector<std::string> rocpd_base() {
  return {
      "CREATE TABLE IF NOT EXISTS \"rocpd_string%\" (id INTEGER, guid TEXT, string TEXT)",
      "CREATE TABLE \"rocpd_info_node%\" (id INTEGER, hostname TEXT)",
      "CREATE TABLE \"rocpd_info_process%\" (id INTEGER, nid INTEGER, pid INTEGER, command TEXT, "
      "environment JSONB)",
      "CREATE TABLE \"rocpd_info_agent%\" (id INTEGER, type TEXT, type_index INTEGER, name TEXT, "
      "product_name TEXT, extdata JSONB)",
      "CREATE TABLE \"rocpd_info_stream%\" (id INTEGER, name TEXT)",
      "CREATE TABLE \"rocpd_info_kernel_symbol%\" (id INTEGER, kernel_name TEXT, display_name "
      "TEXT, arch_vgpr_count INTEGER)",
      "CREATE TABLE \"rocpd_event%\" (id INTEGER, category_id INTEGER, stack_id INTEGER, extdata "
      "JSONB)",
      "INSERT INTO \"rocpd_string%\" VALUES (1,'','KERNEL_DISPATCH'), (2,'','HIP_RUNTIME_API'), "
      "(3,'','MARKER_CORE_API'), (4,'','hipLaunchKernel'), (5,'','roctxRangePushA'), "
      "(6,'','MEMORY_COPY_HOST_TO_DEVICE'), (7,'','layer 3')",
      "INSERT INTO \"rocpd_info_node%\" VALUES (1, 'mi300')",
      "INSERT INTO \"rocpd_info_process%\" VALUES (1, 1, 4444, '/usr/bin/python3 serve.py', "
      "'{\"RANK\":\"5\",\"WORLD_SIZE\":\"8\"}')",
      "INSERT INTO \"rocpd_info_agent%\" VALUES (1,'CPU',0,'EPYC','EPYC','{}'), "
      "(2,'GPU',1,'gfx942','AMD Instinct MI300X','{\"cu_count\":304}')",
      "INSERT INTO \"rocpd_info_stream%\" VALUES (9, 'Stream 9')",
      "INSERT INTO \"rocpd_info_kernel_symbol%\" VALUES (1,'gemm.kd','gemm(float*)',128), "
      "(2,'ncclDevKernel_Generic.kd','',64)",
      "INSERT INTO \"rocpd_event%\" VALUES (1,2,77,'{}'), (2,1,77,'{}'), (3,1,78,'{}'), "
      "(4,3,79,'{\"message\":\"step 1\"}'), (5,1,80,'{}')"};
}

/// As ROCm 7 writes it: time and place in every row.
std::vector<std::string> inline_rows() {
  return {
      "CREATE TABLE \"rocpd_kernel_dispatch%\" (id INTEGER, pid INTEGER, tid INTEGER, agent_id "
      "INTEGER, kernel_id INTEGER, queue_id INTEGER, stream_id INTEGER, start BIGINT, \"end\" "
      "BIGINT, group_segment_size INTEGER, workgroup_size_x INTEGER, workgroup_size_y INTEGER, "
      "workgroup_size_z INTEGER, grid_size_x INTEGER, grid_size_y INTEGER, grid_size_z INTEGER, "
      "region_name_id INTEGER, event_id INTEGER)",
      "CREATE TABLE \"rocpd_memory_copy%\" (id INTEGER, pid INTEGER, tid INTEGER, start BIGINT, "
      "\"end\" BIGINT, name_id INTEGER, dst_agent_id INTEGER, src_agent_id INTEGER, size INTEGER, "
      "stream_id INTEGER, event_id INTEGER)",
      "CREATE TABLE \"rocpd_region%\" (id INTEGER, pid INTEGER, tid INTEGER, start BIGINT, "
      "\"end\" BIGINT, name_id INTEGER, event_id INTEGER)",
      // 100 us of GEMM and 100 us of RCCL of which half is exposed; not in order of time.
      "INSERT INTO \"rocpd_kernel_dispatch%\" VALUES "
      "(2,1,7,2,2,3,9,1050000,1150000,0,256,1,1,5120,1,1,NULL,3), "
      "(1,1,7,2,1,3,9,1000000,1100000,1024,256,1,1,65536,2,1,7,2)",
      "INSERT INTO \"rocpd_memory_copy%\" VALUES (1,1,7,1200000,1210000,6,2,1,4096,9,5)",
      "INSERT INTO \"rocpd_region%\" VALUES (1,1,7,990000,995000,4,1), "
      "(2,1,7,980000,1300000,5,4)"};
}

/// The other layout: references to tracks and timestamps.
std::vector<std::string> referring_rows() {
  return {
      "CREATE TABLE \"rocpd_timestamp%\" (id INTEGER, value BIGINT)",
      "CREATE TABLE \"rocpd_track%\" (id INTEGER, pid INTEGER, tid INTEGER, agent_id INTEGER, "
      "queue_id INTEGER, stream_id INTEGER)",
      "CREATE TABLE \"rocpd_kernel_dispatch%\" (id INTEGER, track_id INTEGER, kernel_id INTEGER, "
      "start_id INTEGER, end_id INTEGER, group_segment_size INTEGER, workgroup_size_x INTEGER, "
      "workgroup_size_y INTEGER, workgroup_size_z INTEGER, grid_size_x INTEGER, grid_size_y "
      "INTEGER, grid_size_z INTEGER, region_name_id INTEGER, event_id INTEGER)",
      "CREATE TABLE \"rocpd_memory_copy%\" (id INTEGER, track_id INTEGER, start_id INTEGER, end_id "
      "INTEGER, name_id INTEGER, dst_agent_id INTEGER, src_agent_id INTEGER, size INTEGER, "
      "event_id INTEGER)",
      "CREATE TABLE \"rocpd_region%\" (id INTEGER, track_id INTEGER, name_id INTEGER, start_id "
      "INTEGER, end_id INTEGER, event_id INTEGER)",
      "INSERT INTO \"rocpd_timestamp%\" VALUES (1,1050000),(2,1150000),(3,1000000),(4,1100000),"
      "(5,1200000),(6,1210000),(7,990000),(8,995000),(9,980000),(10,1300000)",
      "INSERT INTO \"rocpd_track%\" VALUES (1,4444,7,2,3,9), (2,4444,7,NULL,NULL,NULL)",
      "INSERT INTO \"rocpd_kernel_dispatch%\" VALUES (2,1,2,1,2,0,256,1,1,5120,1,1,NULL,3), "
      "(1,1,1,3,4,1024,256,1,1,65536,2,1,7,2)",
      "INSERT INTO \"rocpd_memory_copy%\" VALUES (1,1,5,6,6,2,1,4096,5)",
      "INSERT INTO \"rocpd_region%\" VALUES (1,2,4,7,8,1), (2,2,5,9,10,4)"};
}

class Rocpd : public testing::Test {
 protected:
  TracePtr open(const std::vector<std::vector<std::string>>& parts, const char* uuid = kUuid) {
    std::vector<std::string> statements;
    for (const auto& part : parts)
      for (const auto& statement : part) statements.push_back(with_uuid(statement, uuid));
    std::filesystem::remove(folder_ / "results.db");
    test::write_database(folder_ / "results.db", statements);
    return test::open_file(folder_ / "results.db");
  }
  std::string error(const std::vector<std::vector<std::string>>& parts) {
    return test::error_of([&] { open(parts); });
  }

 private:
  test::TempFolder folder_;
};

void expect_the_recording(const Trace& trace) {
  EXPECT_EQ(trace.info().format, "rocpd");
  ASSERT_EQ(trace.processes().size(), 1U);
  EXPECT_EQ(trace.processes()[0].rank, 5);
  EXPECT_EQ(trace.processes()[0].world_size, 8);
  EXPECT_EQ(trace.processes()[0].pid, "4444");
  EXPECT_EQ(trace.processes()[0].name, "python3");
  ASSERT_EQ(trace.devices().size(), 1U);
  EXPECT_EQ(trace.devices()[0].index, 1);
  EXPECT_EQ(trace.devices()[0].name, "AMD Instinct MI300X");
  EXPECT_EQ(trace.devices()[0].sm_count, 304);
  const auto spans = test::named_spans(trace);
  ASSERT_EQ(spans.size(), 5U);
  EXPECT_EQ(spans[0].name, "gemm(float*)");
  EXPECT_EQ(spans[0].track, "Stream 9");
  EXPECT_EQ(spans[0].start, 20'000);  // from the first region on
  EXPECT_EQ(spans[0].duration, 100'000);
  EXPECT_EQ(spans[0].args["region"], "layer 3");
  EXPECT_EQ(spans[1].name, "ncclDevKernel_Generic.kd");
  EXPECT_EQ(spans[2].name, "MEMORY_COPY_HOST_TO_DEVICE");
  EXPECT_EQ(spans[2].kind, SpanKind::Memcpy);
  EXPECT_EQ(spans[2].args["bytes"], 4096);
  EXPECT_EQ(spans[3].name, "step 1");
  EXPECT_EQ(spans[3].kind, SpanKind::Annotation);
  EXPECT_EQ(spans[4].name, "hipLaunchKernel");
  EXPECT_EQ(spans[4].kind, SpanKind::Runtime);
  const Span gemm = trace.span({0, 0}), launch = trace.span({1, 1});
  EXPECT_EQ(gemm.correlation, 77U);
  EXPECT_EQ(launch.correlation, 77U);
  const auto& config = trace.launches()[gemm.launch];
  EXPECT_EQ(config.grid[0], 256U);  // 65536 work-items in groups of 256
  EXPECT_EQ(config.grid[1], 2U);
  EXPECT_EQ(config.block[0], 256U);
  EXPECT_EQ(config.registers_per_thread, 128U);
  EXPECT_EQ(config.shared_memory, 1024U);
  const auto overlap = analyze_overlap(trace, Classification(trace, RuleSet::built_in()));
  ASSERT_EQ(overlap.overlap.size(), 1U);
  EXPECT_EQ(overlap.overlap[0].figures.exposed, 50'000);
}

TEST_F(Rocpd, KernelsCopiesAndRegionsAreRead) {
  expect_the_recording(*open({rocpd_base(), inline_rows()}));
}

TEST_F(Rocpd, TracksAndTimestampsMayBeTablesOfTheirOwn) {
  expect_the_recording(*open({rocpd_base(), referring_rows()}));
}

TEST_F(Rocpd, TablesMayHaveNoSuffix) {
  expect_the_recording(*open({rocpd_base(), inline_rows()}, ""));
}

TEST_F(Rocpd, RowsThatCannotBeUsedAreCounted) {
  const auto trace =
      open({rocpd_base(),
            inline_rows(),
            {"INSERT INTO \"rocpd_kernel_dispatch%\" (id, pid, agent_id, kernel_id, start, "
             "\"end\") VALUES (3,1,2,1,5,1), (4,1,2,1,NULL,9), (5,1,1,1,1000000,1000001), "
             "(6,1,99,1,1000000,1000001), (7,1,2,1,'x',9223372036854775807)"}});
  expect_the_recording(*trace);
  EXPECT_THAT(trace->info().skipped, Contains(Pair("times are missing or impossible", 3U)));
  EXPECT_THAT(trace->info().skipped, Contains(Pair("work of no GPU", 2U)));
}

TEST_F(Rocpd, WithoutRowsItIsAnErrorThatSaysWhatToDo) {
  EXPECT_THAT(error({{"CREATE TABLE \"rocpd_region%\" (id INTEGER)"}}), HasSubstr("rocprofv3"));
  EXPECT_THAT(error({{"CREATE TABLE other (id INTEGER)"}}), HasSubstr("not a trace"));
}

}  // namespace
}  // namespace moescope
