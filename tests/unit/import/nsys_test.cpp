// The Nsight Systems importer, by small databases for each quirk and by the real file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/sm/sm_allocation.h"
#include "core/analysis/spans/flow.h"
#include "core/error.h"
#include "core/import/importer.h"
#include "core/import/open.h"
#include "core/trace/sink.h"
#include "tests/support/data.h"
#include "tests/support/nsys_file.h"
#include "tests/support/privileges.h"

namespace moescope {
namespace {

using test::global_pid;
using test::global_tid;
using test::insert_kernel;
using test::nsys_base;
using test::TempFolder;
using test::write_database;
using testing::ElementsAre;
using testing::HasSubstr;

FileProbe probe_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string head(65536, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  return {path, head, false};
}

TracePtr import_file(const std::filesystem::path& path, ImportOptions options = {}) {
  TraceBuilder builder;
  Progress progress;
  find_importer("nsys")->import(probe_of(path), builder, options, progress);
  return builder.snapshot();
}

std::string error_of(const std::filesystem::path& path) {
  try {
    import_file(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

class Nsys : public testing::Test {
 protected:
  /// Writes and imports a database.
  TracePtr import(const std::vector<std::string>& statements,
                  const std::string& name = "a.sqlite") {
    write_database(dir_ / name, statements);
    return import_file(dir_ / name);
  }
  TempFolder dir_;
};

std::vector<std::string> with(std::vector<std::string> statements,
                              const std::vector<std::string>& more) {
  statements.insert(statements.end(), more.begin(), more.end());
  return statements;
}

/// A database with one kernel of pid 100 on device 0, start 1000, end 1500.
std::vector<std::string> one_kernel() {
  return with(nsys_base({"gemm", "nccl"}), {insert_kernel({1000, 1500, 100, 0, 7, 5, 0, 132})});
}

std::uint64_t skipped(const Trace& trace) {
  std::uint64_t sum = 0;
  for (const auto& [reason, count] : trace.info().skipped) sum += count;
  return sum;
}

TEST_F(Nsys, OnlyAKernelTableIsEnough) {
  const auto trace = import(one_kernel());
  ASSERT_EQ(trace->span_count(), 1U);
  const Span span = trace->span({0, 0});
  EXPECT_EQ(span.start, 0);
  EXPECT_EQ(span.duration, 500);
  EXPECT_EQ(span.kind, SpanKind::Kernel);
  EXPECT_EQ(span.correlation, 5U);
  EXPECT_EQ(trace->strings()[span.name], "gemm");
  const auto& launch = trace->launches().at(span.launch);
  EXPECT_THAT(launch.grid, ElementsAre(132, 1, 1));
  EXPECT_THAT(launch.block, ElementsAre(128, 1, 1));
  EXPECT_EQ(launch.registers_per_thread, 32U);
  EXPECT_EQ(launch.shared_memory, 1040U);
  EXPECT_EQ(trace->path(0), "pid 100 > GPU 0 > stream 7");
  EXPECT_EQ(trace->info().format, "nsys");
  EXPECT_FALSE(trace->info().start_epoch_ns.has_value());
}

TEST_F(Nsys, ColumnsThatAreNotMappedAreArguments) {
  const auto trace = import(one_kernel());
  EXPECT_EQ(trace->args({0, 0}),
            R"({"contextId":1,"staticSharedMemory":16,"dynamicSharedMemory":1024,)"
            R"("launchType":"regular"})");
}

TEST_F(Nsys, ArgumentsCanBeLeftOut) {
  write_database(dir_ / "a.sqlite", one_kernel());
  EXPECT_EQ(import_file(dir_ / "a.sqlite", {false, 0})->args({0, 0}), "");
}

TEST_F(Nsys, CopiesAndFillsHaveReadableWords) {
  const auto trace = import(
      {"CREATE TABLE CUPTI_ACTIVITY_KIND_MEMCPY (start INT, \"end\" INT, deviceId INT, streamId "
       "INT,"
       " correlationId INT, globalPid INT, bytes INT, copyKind INT, srcKind INT, dstKind INT)",
       "CREATE TABLE CUPTI_ACTIVITY_KIND_MEMSET (start INT, \"end\" INT, deviceId INT, streamId "
       "INT,"
       " correlationId INT, globalPid INT, bytes INT, value INT)",
       "INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES (10, 20, 0, 7, 1, 0, 4096, 1, 1, 2)",
       "INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES (40, 50, 0, 7, 1, 0, 4096, 10, NULL, NULL)",
       "INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES (60, 70, 0, 7, 1, 0, 4096, 99, NULL, NULL)",
       "INSERT INTO CUPTI_ACTIVITY_KIND_MEMSET VALUES (30, 35, 0, 7, 2, 0, 64, 0)"});
  ASSERT_EQ(trace->span_count(), 4U);
  EXPECT_EQ(trace->name({0, 0}), "Memcpy HtoD (Pinned -> Device)");
  EXPECT_EQ(trace->args({0, 0}),
            R"({"bytes":4096,"copyKind":"HtoD","srcKind":"Pinned","dstKind":"Device"})");
  EXPECT_EQ(trace->name({0, 1}), "Memset");
  EXPECT_EQ(trace->name({0, 2}), "Memcpy PtoP");
  EXPECT_EQ(trace->args({0, 3}), R"({"bytes":4096,"copyKind":99})");
}

TEST_F(Nsys, ProcessesInOneFileAreApartEvenWithEqualCorrelations) {
  const auto trace = import(with(
      nsys_base({"gemm"}),
      {insert_kernel({1000, 1500, 200, 0, 7, 5}), insert_kernel({1100, 1500, 100, 0, 7, 5}),
       "CREATE TABLE PROCESSES (globalPid INTEGER, pid INTEGER, name TEXT)",
       "INSERT INTO PROCESSES VALUES (" + std::to_string(global_pid(100)) + ", 100, 'python3')"}));
  ASSERT_EQ(trace->processes().size(), 2U);
  EXPECT_EQ(trace->processes()[0].label, "pid 100 python3");
  EXPECT_EQ(trace->processes()[1].label, "pid 200");
  EXPECT_FALSE(trace->processes()[0].rank.has_value());
  EXPECT_EQ(trace->tracks()[0].process, 0U);
  EXPECT_EQ(trace->span({0, 0}).start, 100);
  EXPECT_EQ(trace->span({1, 0}).start, 0);
}

TEST_F(Nsys, RankComesFromTheEnvironmentOfASingleProcess) {
  const auto trace = import(
      with(one_kernel(),
           {"CREATE TABLE META_DATA_CAPTURE (name TEXT, value TEXT)",
            "INSERT INTO META_DATA_CAPTURE VALUES ('PROCESS_0:ENVIRONMENT_VARIABLE', 'RANK=\"3\"')",
            "INSERT INTO META_DATA_CAPTURE VALUES ('PROCESS_0:ENVIRONMENT_VARIABLE', "
            "'WORLD_SIZE=\"8\"')"}));
  EXPECT_EQ(trace->processes()[0].rank, 3);
  EXPECT_EQ(trace->processes()[0].world_size, 8);
  EXPECT_EQ(trace->processes()[0].label, "rank 3");
}

TEST_F(Nsys, RankComesFromTheFileNameWhenNothingElseNamesIt) {
  EXPECT_EQ(import(one_kernel(), "report_rank12.sqlite")->processes()[0].rank, 12);
}

TEST_F(Nsys, NvtxNamesAreInlineOrByTextId) {
  const std::string tid = std::to_string(global_tid(100, 42));
  const auto trace = import(with(
      nsys_base({"gemm", "from id"}),
      {"CREATE TABLE ThreadNames (nameId INTEGER, priority INTEGER, globalTid INTEGER)",
       "INSERT INTO ThreadNames VALUES (0, 20, " + tid + ")",
       "CREATE TABLE NVTX_EVENTS_V2 (start INTEGER, \"end\" INTEGER, eventType INTEGER, text TEXT,"
       " textId INTEGER, globalTid INTEGER, domainId INTEGER, color INTEGER)",
       "INSERT INTO NVTX_EVENTS_V2 VALUES (0, NULL, 75, 'NCCL', NULL, " + tid + ", 1, NULL)",
       "INSERT INTO NVTX_EVENTS_V2 VALUES (100, 200, 59, 'inline', NULL, " + tid + ", 1, 7)",
       "INSERT INTO NVTX_EVENTS_V2 VALUES (110, 150, 60, NULL, 1, " + tid + ", 0, NULL)",
       "INSERT INTO NVTX_EVENTS_V2 VALUES (160, NULL, 34, 'mark', NULL, " + tid + ", 0, NULL)",
       "INSERT INTO NVTX_EVENTS_V2 VALUES (170, NULL, 59, 'open', NULL, " + tid + ", 0, NULL)"}));
  ASSERT_EQ(trace->span_count(), 4U);
  EXPECT_EQ(trace->tracks()[0].name, "thread 42 (gemm)");
  EXPECT_EQ(trace->name({0, 0}), "inline");
  EXPECT_EQ(trace->args({0, 0}), R"({"domainId":"NCCL","color":7})");
  EXPECT_EQ(trace->name({0, 1}), "from id");
  EXPECT_EQ(trace->span({0, 1}).depth, 1);
  EXPECT_EQ(trace->span({0, 1}).kind, SpanKind::Annotation);
  EXPECT_EQ(trace->span({0, 2}).kind, SpanKind::Instant);
  EXPECT_EQ(trace->span({0, 3}).kind, SpanKind::Instant);
  EXPECT_THAT(trace->info().warnings, ElementsAre(HasSubstr("1 NVTX ranges have no end")));
}

TEST_F(Nsys, CallsAndRangesOfAThreadShareALaneInOrder) {
  const std::string tid = std::to_string(global_tid(100, 42));
  const auto trace = import(with(
      nsys_base({"cudaLaunchKernel"}),
      {"CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start INTEGER, \"end\" INTEGER, eventClass "
       "INTEGER,"
       " globalTid INTEGER, correlationId INTEGER, nameId INTEGER, returnValue INTEGER)",
       "CREATE TABLE NVTX_EVENTS (start INTEGER, \"end\" INTEGER, eventType INTEGER, text TEXT,"
       " globalTid INTEGER)",
       "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (300, 310, 0, " + tid + ", 9, 0, 0)",
       "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (100, 110, 0, " + tid + ", 8, 0, 0)",
       "INSERT INTO NVTX_EVENTS VALUES (100, 400, 59, 'step', " + tid + ")"}));
  ASSERT_EQ(trace->span_count(), 3U);
  EXPECT_EQ(trace->name({0, 0}), "step");
  EXPECT_EQ(trace->name({0, 1}), "cudaLaunchKernel");
  EXPECT_EQ(trace->span({0, 1}).correlation, 8U);
  EXPECT_EQ(trace->span({0, 1}).depth, 1);
  EXPECT_EQ(trace->span({0, 2}).start, 200);
}

TEST_F(Nsys, CorrelationsOfTwoProcessesNeverMeet) {
  const std::string first = std::to_string(global_tid(100, 1)),
                    second = std::to_string(global_tid(200, 2));
  const auto trace = import(with(
      nsys_base({"gemm", "cudaLaunchKernel"}),
      {insert_kernel({1000, 1500, 100, 0, 7, 5}), insert_kernel({1100, 1600, 200, 0, 7, 5}),
       "CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start INTEGER, \"end\" INTEGER, eventClass "
       "INTEGER, globalTid INTEGER, correlationId INTEGER, nameId INTEGER, returnValue INTEGER)",
       "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (900, 910, 0, " + first +
           ", 5, 1, 0), "
           "(950, 960, 0, " +
           second + ", 5, 1, 0)"}));
  Progress progress;
  const FlowIndex flow(*trace, Classification(*trace, RuleSet::built_in()), progress);
  for (TrackId track = 0; track < trace->tracks().size(); ++track) {
    const auto partners = flow.partners(*trace, {track, 0});
    ASSERT_EQ(partners.size(), 1U);
    EXPECT_EQ(trace->tracks()[partners[0].track].process, trace->tracks()[track].process);
  }
}

TEST_F(Nsys, GpuFactsFollowTheDeviceMapOfEachProcess) {
  const auto trace = import(
      with(nsys_base({"gemm"}),
           {insert_kernel({1000, 1500, 100, 0, 7, 5}), insert_kernel({1000, 1500, 200, 0, 7, 5}),
            "CREATE TABLE TARGET_INFO_GPU (id INTEGER, name TEXT, smCount INTEGER, maxWarpsPerSm "
            "INTEGER,"
            " maxBlocksPerSm INTEGER, maxRegistersPerSm INTEGER, maxShmemPerSm INTEGER,"
            " threadsPerWarp INTEGER, computeMajor INTEGER, computeMinor INTEGER)",
            "INSERT INTO TARGET_INFO_GPU VALUES (0, 'H100', 132, 64, 32, 65536, 233472, 32, 9, 0)",
            "INSERT INTO TARGET_INFO_GPU VALUES (1, 'A100', 108, 64, 32, 65536, 167936, 32, 8, 0)",
            "CREATE TABLE TARGET_INFO_CUDA_DEVICE (gpuId INTEGER, cudaId INTEGER, pid INTEGER,"
            " uuid TEXT, numMultiprocessors INTEGER)",
            "INSERT INTO TARGET_INFO_CUDA_DEVICE VALUES (0, 0, 100, 'GPU-a', 132)",
            "INSERT INTO TARGET_INFO_CUDA_DEVICE VALUES (1, 0, 200, 'GPU-b', 54)"}));
  ASSERT_EQ(trace->devices().size(), 2U);
  const Device& first = trace->devices()[0];
  EXPECT_EQ(first.name, "H100");
  EXPECT_EQ(first.sm_count, 132);
  EXPECT_EQ(first.max_threads_per_sm, 2048);
  EXPECT_EQ(first.shared_memory_per_sm, 233472);
  EXPECT_EQ(first.compute_major, 9);
  EXPECT_EQ(first.uuid, "GPU-a");
  EXPECT_EQ(trace->devices()[1].name, "A100");
  EXPECT_EQ(trace->devices()[1].sm_count, 54);  // a MIG slice: what CUDA reports counts
}

std::vector<std::string> green_contexts(int second_context) {
  return with(nsys_base({"gemm"}),
              {insert_kernel({1000, 1500, 100, 0, 7, 5, 0, 1, 2}),
               insert_kernel({1000, 1500, 100, 0, 8, 6, 0, 1, second_context}),
               "CREATE TABLE TARGET_INFO_GPU (id INTEGER, name TEXT, smCount INTEGER)",
               "INSERT INTO TARGET_INFO_GPU VALUES (0, 'H100', 132)",
               "CREATE TABLE TARGET_INFO_CUDA_CONTEXT_INFO (processId INTEGER, contextId INTEGER,"
               " isGreenContext INTEGER, numMultiprocessors INTEGER)",
               "INSERT INTO TARGET_INFO_CUDA_CONTEXT_INFO VALUES (100, 1, 0, 132), (100, 2, 1, 24),"
               " (100, 3, 1, 64)"});
}

TEST_F(Nsys, GreenContextsReduceTheSmCount) {
  const auto trace = import(green_contexts(3));
  EXPECT_EQ(trace->devices().at(0).sm_count, 88);
  EXPECT_THAT(trace->info().warnings, ElementsAre(HasSubstr("green contexts with 88 SMs")));
}

TEST_F(Nsys, AKernelOutsideGreenContextsKeepsTheWholeDevice) {
  const auto trace = import(green_contexts(1));
  EXPECT_EQ(trace->devices().at(0).sm_count, 132);
  EXPECT_TRUE(trace->info().warnings.empty());
}

TEST_F(Nsys, BlockTraceBecomesSmRecordsOfTheKernelsDevice) {
  const auto trace = import(with(
      nsys_base({"gemm"}),
      {insert_kernel({1000, 1500, 100, 2, 7, 5}),
       "CREATE TABLE CUPTI_ACTIVITY_KIND_BLOCK_TRACE (start INTEGER, \"end\" INTEGER, SMId INTEGER,"
       " correlationId INTEGER)",
       "INSERT INTO CUPTI_ACTIVITY_KIND_BLOCK_TRACE VALUES (1200, 1400, 17, 5), (1010, 1200, 3, 5),"
       " (1010, 1200, 3, 6), (1010, 1200, -1, 5), (1200, 1010, 1, 5)"}));
  ASSERT_EQ(trace->sm_records().size(), 2U);
  const SmRecord& first = trace->sm_records()[0];
  EXPECT_EQ(first.start, 10);
  EXPECT_EQ(first.end, 200);
  EXPECT_EQ(first.sm, 3U);
  EXPECT_EQ(first.device, 2);
  EXPECT_EQ(first.correlation, 5U);
  EXPECT_EQ(skipped(*trace), 3U);
}

TEST_F(Nsys, BlockTraceIsTheMethodOfSmAllocation) {
  const auto trace = import(with(
      nsys_base({"gemm"}),
      {insert_kernel({1000, 1500, 100, 0, 7, 5}),
       "CREATE TABLE TARGET_INFO_GPU (id INTEGER, name TEXT, smCount INTEGER)",
       "INSERT INTO TARGET_INFO_GPU VALUES (0, 'H100', 132)",
       "CREATE TABLE CUPTI_ACTIVITY_KIND_BLOCK_TRACE (start INTEGER, \"end\" INTEGER, SMId INTEGER,"
       " correlationId INTEGER)",
       "INSERT INTO CUPTI_ACTIVITY_KIND_BLOCK_TRACE VALUES (1000, 1400, 17, 5)"}));
  const auto sm = analyze_sm_allocation(*trace, Classification(*trace, RuleSet::built_in()));
  ASSERT_EQ(sm.size(), 1U);
  EXPECT_EQ(sm[0].method, SmMethod::BlockTrace);
  EXPECT_EQ(sm[0].compute_sm_ns, 400);
}

TEST_F(Nsys, AnImpossibleSmCountIsUnknownAndCounted) {
  const auto trace = import(
      with(one_kernel(), {"CREATE TABLE TARGET_INFO_GPU (id INTEGER, name TEXT, smCount INTEGER)",
                          "INSERT INTO TARGET_INFO_GPU VALUES (0, 'H100', 65668)"}));
  EXPECT_EQ(trace->devices().at(0).sm_count, 0);
  EXPECT_EQ(trace->info().skipped.at(kImpossibleSmCount), 1U);
}

TEST_F(Nsys, GpuMetricsBecomeCountersInOrderOfTime) {
  const auto trace = import(with(
      one_kernel(),
      {"CREATE TABLE GPU_METRICS (rawTimestamp INTEGER, timestamp INTEGER, typeId INTEGER,"
       " metricId INTEGER, value INTEGER)",
       "CREATE TABLE TARGET_INFO_GPU_METRICS (typeId INTEGER, metricId INTEGER, metricName TEXT)",
       "INSERT INTO TARGET_INFO_GPU_METRICS VALUES (256, 4, 'SM Active [Throughput %]')",
       "INSERT INTO GPU_METRICS VALUES (0, 1300, 256, 4, 80), (0, 1100, 256, 4, 50),"
       " (0, 1100, 256, 5, 7), (0, NULL, 256, 5, 'x')"}));
  ASSERT_EQ(trace->counters().size(), 2U);
  const CounterSeries& series = trace->counters()[0];
  EXPECT_EQ(series.name, "SM Active [Throughput %]");
  EXPECT_EQ(series.unit, "%");
  EXPECT_EQ(series.device, 0);
  EXPECT_THAT(series.times, ElementsAre(100, 300));
  EXPECT_THAT(series.values, ElementsAre(50, 80));
  EXPECT_EQ(trace->counters()[1].name, "metric 5");
  EXPECT_EQ(skipped(*trace), 1U);
}

TEST_F(Nsys, OlderExportsCarryMetricsInGenericEvents) {
  const auto trace = import(with(
      one_kernel(),
      {"CREATE TABLE GENERIC_EVENTS (rawTimestamp INTEGER, timestamp INTEGER, typeId INTEGER,"
       " data TEXT)",
       "CREATE TABLE GENERIC_EVENT_TYPES (typeId INTEGER, data TEXT)",
       "INSERT INTO GENERIC_EVENT_TYPES VALUES (3, '{\"Name\":\"GPU Metrics\"}')",
       "INSERT INTO GENERIC_EVENTS VALUES (0, 1100, 3, '{\"SM Active\":\"42\",\"note\":\"x\"}'),"
       " (0, 1200, 3, '{broken'), (0, 1300, 3, '{\"SM Active\":43.5}')"}));
  ASSERT_EQ(trace->counters().size(), 1U);
  EXPECT_EQ(trace->counters()[0].name, "GPU Metrics: SM Active");
  EXPECT_THAT(trace->counters()[0].values, ElementsAre(42, 43.5));
  EXPECT_EQ(skipped(*trace), 1U);
}

TEST_F(Nsys, WholeGraphsAreShownButReported) {
  const auto trace =
      import({"CREATE TABLE CUPTI_ACTIVITY_KIND_GRAPH_TRACE (start INTEGER, \"end\" INTEGER,"
              " deviceId INTEGER, streamId INTEGER, correlationId INTEGER, globalPid INTEGER,"
              " graphId INTEGER)",
              "INSERT INTO CUPTI_ACTIVITY_KIND_GRAPH_TRACE VALUES (10, 20, 0, 7, 1, 0, 12)"});
  EXPECT_EQ(trace->name({0, 0}), "CUDA graph 12");
  EXPECT_FALSE(is_gpu_work(trace->span({0, 0}).kind));
  EXPECT_THAT(trace->info().warnings, ElementsAre(HasSubstr("--cuda-graph-trace=node")));
}

TEST_F(Nsys, WhatHasNoStreamIsOfTheWholeContext) {
  const auto trace =
      import({"CREATE TABLE CUPTI_ACTIVITY_KIND_SYNCHRONIZATION (start INTEGER, \"end\" INTEGER,"
              " deviceId INTEGER, contextId INTEGER, streamId INTEGER, correlationId INTEGER,"
              " globalPid INTEGER, syncType INTEGER)",
              "INSERT INTO CUPTI_ACTIVITY_KIND_SYNCHRONIZATION VALUES (10, 20, 0, 1, 4294967295, "
              "1, 0, 4)"});
  ASSERT_EQ(trace->tracks().size(), 1U);
  EXPECT_EQ(trace->tracks()[0].name, "whole context");
}

TEST_F(Nsys, HostileTypesAreSkippedAndCounted) {
  auto statements = one_kernel();
  for (const char* row :
       {"'text', 1500, 0, 1, 7, 5", "NULL, 1500, 0, 1, 7, 5", "1000, x'00ff', 0, 1, 7, 5",
        "1000, 900, 0, 1, 7, 5", "1.5, 2000, 0, 1, 7, 5", "-9223372036854775808, 2000, 0, 1, 7, 5",
        "1000, 9223372036854775807, 0, 1, 7, 5", "1000, 1500, 'gpu', 1, 7, 5",
        "1000, 1500, -1, 1, 7, 5"})
    statements.push_back(std::string("INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL (start, \"end\", ") +
                         "deviceId, contextId, streamId, correlationId) VALUES (" + row + ")");
  const auto trace = import(statements);
  EXPECT_EQ(trace->span_count(), 1U);
  EXPECT_EQ(trace->info().events, 10U);
  EXPECT_EQ(skipped(*trace), 9U);
  EXPECT_EQ(trace->info().skipped.at("ends before it starts"), 1U);
  EXPECT_EQ(trace->info().skipped.at("time out of range"), 2U);
  EXPECT_EQ(trace->info().skipped.at("no device"), 2U);
}

TEST_F(Nsys, OddValuesInLaunchAndNameColumnsDoNotSpreadNonsense) {
  auto statements = one_kernel();
  statements.push_back(
      "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL (start, \"end\", deviceId, streamId, correlationId,"
      " demangledName, gridX, gridY, blockX) VALUES (2000, 2500, 0, 7, 99999999999, 'by text',"
      " -4, 9999999, 'many')");
  const auto trace = import(statements);
  const SpanRef odd{0, 0};  // globalPid is missing: a process of its own
  EXPECT_EQ(trace->name(odd), "by text");
  EXPECT_EQ(trace->span(odd).correlation, 0U);
  EXPECT_THAT(trace->args(odd), HasSubstr("\"correlationId\":99999999999"));
  EXPECT_EQ(trace->launches().at(trace->span(odd).launch).blocks(), 0U);
}

TEST_F(Nsys, ClockStartsAtTheSessionPlusTheFirstSpan) {
  const auto trace = import(with(
      one_kernel(), {"CREATE TABLE TARGET_INFO_SESSION_START_TIME (utcEpochNs INTEGER)",
                     "INSERT INTO TARGET_INFO_SESSION_START_TIME VALUES (1779782330176752435)"}));
  EXPECT_EQ(trace->info().start_epoch_ns, 1779782330176752435 + 1000);
}

TEST_F(Nsys, ANewerSchemaIsAWarning) {
  const auto trace = import(with(
      one_kernel(), {"CREATE TABLE META_DATA_EXPORT (name TEXT, value TEXT)",
                     "INSERT INTO META_DATA_EXPORT VALUES ('EXPORT_SCHEMA_VERSION', '4.1.0')",
                     "INSERT INTO META_DATA_EXPORT VALUES ('EXPORT_PRODUCT_VERSION', '2030.1')"}));
  EXPECT_EQ(trace->span_count(), 1U);
  EXPECT_EQ(trace->info().producer, "Nsight Systems 2030.1");
  EXPECT_THAT(trace->info().warnings, ElementsAre(HasSubstr("4.1.0")));
}

TEST_F(Nsys, NvprofIsRefusedByName) {
  write_database(dir_ / "old.sqlite",
                 {"CREATE TABLE CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL (_id_ INTEGER PRIMARY KEY,"
                  " start INTEGER, \"end\" INTEGER, name INTEGER)"});
  EXPECT_TRUE(find_importer("nsys")->recognises(probe_of(dir_ / "old.sqlite")));
  EXPECT_THAT(error_of(dir_ / "old.sqlite"), HasSubstr("nvprof"));
}

TEST_F(Nsys, AnotherSqliteFileIsNotRecognised) {
  write_database(dir_ / "other.sqlite", {"CREATE TABLE songs (id INTEGER)"});
  EXPECT_FALSE(find_importer("nsys")->recognises(probe_of(dir_ / "other.sqlite")));
  EXPECT_THAT(error_of(dir_ / "other.sqlite"), HasSubstr("without tables of Nsight Systems"));
}

TEST_F(Nsys, ViewsOfAForeignFileAreNeverRun) {
  write_database(
      dir_ / "view.sqlite",
      {"CREATE TABLE StringIds (id INTEGER, value TEXT)",
       "CREATE TABLE META_DATA_EXPORT (name TEXT, value TEXT)",
       "CREATE VIEW CUPTI_ACTIVITY_KIND_KERNEL AS WITH RECURSIVE n(start) AS (SELECT 1 UNION ALL"
       " SELECT start FROM n) SELECT start, start AS \"end\", 0 AS deviceId FROM n"});
  EXPECT_THAT(error_of(dir_ / "view.sqlite"), HasSubstr("no usable event"));
}

TEST_F(Nsys, NoUsableEventIsAnError) {
  write_database(dir_ / "empty.sqlite", nsys_base({"gemm"}));
  EXPECT_THAT(error_of(dir_ / "empty.sqlite"), HasSubstr("no usable event"));
}

TEST_F(Nsys, TruncatedAndOverwrittenFilesNeverCrash) {
  auto statements = nsys_base({"gemm"});
  for (int i = 0; i < 2000; ++i)
    statements.push_back(insert_kernel({1000 + i * 10, 1005 + i * 10, 100, 0, 7, i}));
  statements.insert(statements.begin(), "BEGIN");
  statements.push_back("COMMIT");
  write_database(dir_ / "whole.sqlite", statements);
  std::ifstream file(dir_ / "whole.sqlite", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  for (int i = 1; i < 40; ++i) {
    std::string cut = bytes.substr(0, bytes.size() * static_cast<std::size_t>(i) / 40);
    std::ofstream(dir_ / "cut.sqlite", std::ios::binary) << cut;
    EXPECT_THAT(error_of(dir_ / "cut.sqlite"), HasSubstr("damaged")) << "cut at " << cut.size();
  }
  std::string scribbled = bytes;
  for (std::size_t i = 5000; i + 40 < scribbled.size(); i += 4096)
    scribbled.replace(i, 40, 40, '\xa5');
  std::ofstream(dir_ / "cut.sqlite", std::ios::binary) << scribbled;
  error_of(dir_ / "cut.sqlite");  // an Error or fewer spans, but an answer
}

TEST_F(Nsys, AVanishedFileIsAnError) {
  EXPECT_THAT(error_of(dir_ / "gone.sqlite"), HasSubstr("gone.sqlite"));
}

TEST_F(Nsys, AFileThatVanishesWhileItIsReadIsAnError) {
  write_database(dir_ / "a.sqlite", one_kernel());
  const auto probe = probe_of(dir_ / "a.sqlite");
  TraceBuilder builder;
  Progress progress([&](double fraction, std::string_view) {
    if (fraction > 0) std::filesystem::remove(dir_ / "a.sqlite");
  });
  EXPECT_THROW(find_importer("nsys")->import(probe, builder, {}, progress), Error);
}

TEST_F(Nsys, WithoutReadPermissionTheErrorNamesTheFile) {
  write_database(dir_ / "a.sqlite", one_kernel());
  std::filesystem::permissions(dir_ / "a.sqlite", std::filesystem::perms::none);
  std::string message;
  ASSERT_TRUE(test::without_root([&] {
    try {
      Progress progress;
      open_trace({dir_ / "a.sqlite"}, {}, progress);
    } catch (const Error& error) {
      message = error.what();
    }
  }));
  EXPECT_THAT(message, testing::AllOf(HasSubstr("a.sqlite"), HasSubstr("Permission denied")));
}

TEST_F(Nsys, AFileThatGrowsWhileItIsReadIsAnError) {
  write_database(dir_ / "a.sqlite", one_kernel());
  TraceBuilder builder;
  Progress progress([&](double fraction, std::string_view) {
    if (fraction == 0) std::ofstream(dir_ / "a.sqlite", std::ios::app) << "more";
  });
  EXPECT_THROW(find_importer("nsys")->import(probe_of(dir_ / "a.sqlite"), builder, {}, progress),
               Error);
}

TEST_F(Nsys, CancelStopsTheImport) {
  write_database(dir_ / "a.sqlite", one_kernel());
  TraceBuilder builder;
  Progress progress;
  progress.cancel();
  EXPECT_THROW(find_importer("nsys")->import(probe_of(dir_ / "a.sqlite"), builder, {}, progress),
               Cancelled);
}

TEST(NsysReference, RealFileHasTheFiguresToTheNanosecond) {
  MOESCOPE_REQUIRE_DATA("nsys_mfu_2gpu_before.sqlite");
  const auto trace = import_file(test::shared_data("nsys_mfu_2gpu_before.sqlite"));
  const Classification classes(*trace, RuleSet::built_in());
  const auto result = analyze_overlap(*trace, classes).overlap;
  ASSERT_EQ(result.size(), 2U);
  const auto& a = result[0].figures;
  EXPECT_EQ(trace->processes()[result[0].key.process].label, "pid 144 python3");
  EXPECT_EQ(std::vector({a.comm_events, a.compute_events, a.memory_events}),
            (std::vector<std::uint64_t>{33, 1960, 643}));
  EXPECT_THAT((std::vector{a.span, a.busy, a.compute, a.comm, a.memory, a.overlap}),
              ElementsAre(299848812, 273817787, 253690832, 17172652, 2954303, 0));
  const auto& b = result[1].figures;
  EXPECT_EQ(std::vector({b.comm_events, b.compute_events, b.memory_events}),
            (std::vector<std::uint64_t>{33, 1984, 646}));
  EXPECT_THAT((std::vector{b.span, b.busy, b.compute, b.comm, b.memory, b.overlap}),
              ElementsAre(298661551, 267275916, 256095624, 8229100, 2951192, 0));
  EXPECT_EQ(trace->info().events, 4010U + 1020 + 269 + 366 + 7466 + 19118);
  EXPECT_TRUE(trace->info().skipped.empty());
  EXPECT_TRUE(trace->info().warnings.empty());
}

}  // namespace
}  // namespace moescope
