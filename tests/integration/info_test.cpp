// `moescope info`: what a trace holds, as text and as JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/trace/file/moetrace_writer.h"
#include "tests/support/nsys_file.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using testing::HasSubstr;

class Info : public testing::Test {
 protected:
  std::string file(const std::string& name) {
    auto statements = test::nsys_base({"ncclDevKernel_AllReduce", "gemm"});
    for (int i = 0; i < 5; ++i) {
      const long long at = 1000 + i * (100 + 7 * i);
      statements.push_back(test::insert_kernel({at, at + 50, 100, 0, 7, i + 1}));
    }
    statements.push_back(test::insert_kernel({2000, 1000, 100, 0, 7, 9}));
    test::write_database(dir_ / name, statements);
    return (dir_ / name).string();
  }
  test::TempFolder dir_;
};

TEST_F(Info, JsonHasEveryFieldOfTheContract) {
  const auto result = run_moescope({"info", file("rank4.sqlite"), "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json info = json::parse(result.out);
  EXPECT_EQ(info["schema"], 1);
  EXPECT_EQ(info["format"], "nsys");
  EXPECT_TRUE(info["producer"].is_null());
  EXPECT_EQ(info["ranks"][0]["rank"], 4);
  EXPECT_EQ(info["devices"][0]["device"], 0);
  EXPECT_TRUE(info["devices"][0]["sm_count"].is_null());
  EXPECT_EQ(info["spans"], 5);
  EXPECT_EQ(info["spans_by_kind"]["kernel"], 5);
  EXPECT_EQ(info["events"], 6);
  EXPECT_EQ(info["time_range"]["begin_ns"], 0);
  EXPECT_EQ(info["time_range"]["end_ns"], 4 * 128 + 50);
  EXPECT_EQ(info["skipped"][0]["reason"], "ends before it starts");
  EXPECT_EQ(info["skipped"][0]["count"], 1);
  EXPECT_TRUE(info["alignments"].empty());
}

TEST_F(Info, SeveralFilesShowHowTheirClocksWereAligned) {
  const auto result = run_moescope({"info", file("rank0.sqlite"), file("rank1.sqlite"), "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json info = json::parse(result.out);
  ASSERT_EQ(info["alignments"].size(), 2U);
  EXPECT_EQ(info["alignments"][1]["matched_collectives"], 5);
  EXPECT_EQ(info["alignments"][1]["residual_ns"], 0);
  EXPECT_EQ(info["ranks"].size(), 2U);
}

TEST_F(Info, TextIsForPeople) {
  const auto result = run_moescope({"info", file("a.sqlite")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("skipped    1 events: ends before it starts"));
}

/// A recording of a rank that lost 7 spans in the second of its three milliseconds.
std::string recording_with_losses(const std::filesystem::path& path) {
  MoetraceWriter writer(path);
  const ProcessId rank = writer.add_process({.label = "rank 0", .rank = 0});
  writer.add_device({.process = rank, .name = "Test GPU", .sm_count = 132});
  const TrackId track = writer.add_track(
      {.process = rank, .type = TrackType::DeviceStream, .device = 0, .id = 7, .name = "stream 7"});
  SpanBatch batch;
  for (const TimeNs at : {TimeNs{0}, TimeNs{2'900'000}})
    batch.columns.push_back(
        {at, 100'000, writer.strings().intern("gemm"), 0, 0, SpanKind::Kernel, 0});
  batch.columns.depth.clear();
  writer.append(track, std::move(batch));
  writer.add_loss(
      {LossKind::DroppedSpans, rank, track, {1'000'000, 2'000'000}, 7, "a ring was full"});
  Progress progress;
  writer.finish(progress);
  return path.string();
}

TEST_F(Info, WhatARecordingLostIsReportedByInfoAnalyzeAndSql) {
  const std::string file = recording_with_losses(dir_ / "a.moetrace");
  const json loss = json::parse(run_moescope({"info", file, "--json"}).out)["losses"].at(0);
  EXPECT_EQ(loss["kind"], "dropped_spans");
  EXPECT_EQ(loss["rank"], 0);
  EXPECT_EQ(loss["track"], "rank 0 > GPU 0 > stream 7");
  EXPECT_EQ(loss["begin_ns"], 1'000'000);
  EXPECT_EQ(loss["end_ns"], 2'000'000);
  EXPECT_EQ(loss["count"], 7);
  EXPECT_EQ(loss["reason"], "a ring was full");
  constexpr const char* kReported =
      "7 spans were dropped of rank 0 between 1.000 and 2.000 ms: a ring";
  EXPECT_THAT(run_moescope({"info", file}).out, HasSubstr(kReported));
  const auto text = run_moescope({"analyze", file});
  EXPECT_THAT(text.err, HasSubstr(kReported));
  EXPECT_THAT(text.out, HasSubstr("records missing        in 1.000 ms"));
  const json all = json::parse(run_moescope({"analyze", file, "--json"}).out);
  EXPECT_EQ(all["devices"][0]["lost_ns"], 1'000'000);
  EXPECT_EQ(all["skipped"][0]["count"], 7);
  const auto sql = run_moescope({"sql", file, "SELECT kind, count FROM losses", "--csv"});
  EXPECT_THAT(sql.out, HasSubstr("dropped_spans,7"));
}

TEST_F(Info, AWindowWithoutALossSaysNothingOfIt) {
  const std::string file = recording_with_losses(dir_ / "a.moetrace");
  const auto result = run_moescope({"analyze", file, "--from", "2500000", "--json"});
  const json all = json::parse(result.out);
  EXPECT_TRUE(all["losses"].empty());
  EXPECT_EQ(all["devices"][0]["lost_ns"], 0);
}

TEST_F(Info, AMissingFileFailsWithItsName) {
  const auto result = run_moescope({"info", (dir_ / "gone.sqlite").string()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("gone.sqlite"));
  EXPECT_EQ(result.out, "");
}

}  // namespace
}  // namespace moescope
