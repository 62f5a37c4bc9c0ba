// `analyze --json` says where its SM figures come from: recorded ids, a block trace, or inference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/trace/file/moetrace_writer.h"
#include "tests/support/run_program.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;

json sm_of(const std::filesystem::path& file) {
  const auto result = run_moescope({"analyze", file.string(), "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto document = json::parse(result.out, nullptr, false);
  return document["devices"].size() == 1 ? document["devices"][0]["sm"] : json();
}

/// A recording of two kernels on a device of 4 SMs, with or without ids.
void record(const std::filesystem::path& file, bool with_ids, const TraceInfo& info = {}) {
  MoetraceWriter writer(file);
  writer.set_info(info);
  const ProcessId process = writer.add_process({.label = "rank 0", .rank = 0});
  writer.add_device({.process = process, .index = 0, .name = "GPU", .sm_count = 4});
  SpanBatch batch;
  const LaunchId launch = writer.intern_launch(test::blocks(4));
  batch.columns.push_back(
      {0, 100, writer.strings().intern("gemm"), 1, launch, SpanKind::Kernel, 0});
  batch.columns.push_back({100, 100, writer.strings().intern("deep_ep::intranode::dispatch"), 2,
                           launch, SpanKind::Kernel, 0});
  writer.append(writer.add_track({process, TrackType::DeviceStream, 0, 7, "stream 7"}),
                std::move(batch));
  if (with_ids) writer.add_sm_records({{0, 100, process, 0, 3, 1}, {100, 150, process, 0, 0, 2}});
  Progress progress;
  writer.finish(progress);
}

TEST(SmMethodOutput, IdsOfARecordingAreRecorded) {
  const test::TempFolder folder;
  record(folder / "a.moetrace", true);
  const auto sm = sm_of(folder / "a.moetrace");
  EXPECT_EQ(sm["method"], "recorded");
  EXPECT_EQ(sm["compute_sm_ns"], 100);
  EXPECT_EQ(sm["comm_sm_ns"], 50);
  EXPECT_EQ(sm["free_sm_ns"], 4 * 200 - 150);
}

TEST(SmMethodOutput, ABlockTraceStaysOneThroughMoetrace) {
  const test::TempFolder folder;
  TraceInfo info;
  info.format = "nsys";
  info.files = {"/data/report.sqlite"};
  info.extra[kSmRecordsFact] = kBlockTraceFact;
  record(folder / "a.moetrace", true, info);
  EXPECT_EQ(sm_of(folder / "a.moetrace")["method"], "block_trace");
  // Two files as one: facts carry the name of their file.
  record(folder / "b.moetrace", false);
  const auto both = run_moescope({"analyze", (folder / "a.moetrace").string(),
                                  (folder / "b.moetrace").string(), "--merge", "--json"});
  const auto devices = json::parse(both.out, nullptr, false)["devices"];
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0]["sm"]["method"], "block_trace");
  EXPECT_EQ(devices[1]["sm"]["method"], "inferred");
}

TEST(SmMethodOutput, WithoutIdsItIsInferred) {
  const test::TempFolder folder;
  record(folder / "a.moetrace", false);
  const auto sm = sm_of(folder / "a.moetrace");
  EXPECT_EQ(sm["method"], "inferred");
  EXPECT_EQ(sm["compute_sm_ns"], 400);
}

}  // namespace
}  // namespace moescope
