// Reports that nsys exports (a stand-in of it here), tables that are not read, and exports whose
// rows are in any order.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "core/error.h"
#include "tests/support/error_of.h"
#include "tests/support/import_file.h"
#include "tests/support/nsys_file.h"

namespace moescope {
namespace {

using testing::HasSubstr;

class NsysReport : public testing::Test {
 protected:
  NsysReport() : path_(std::getenv("PATH")) {
    std::filesystem::create_directory(folder_ / "bin");
    std::ofstream(folder_ / "run_rank3.nsys-rep") << std::string(100, '\x01');
  }
  ~NsysReport() override { setenv("PATH", path_.c_str(), 1); }
  /// Puts a program named nsys that does `script` first in PATH; "" for none at all.
  void install(const std::string& script) {
    const auto program = folder_ / "bin/nsys";
    std::filesystem::remove(program);
    setenv("PATH", (folder_ / "bin").c_str(), 1);
    if (script.empty()) return;
    std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  }
  std::filesystem::path report() const { return folder_ / "run_rank3.nsys-rep"; }
  std::string error() {
    return test::error_of([&] { test::open_file(report()); });
  }
  test::TempFolder folder_;

 private:
  std::string path_;
};

TEST_F(NsysReport, IsExportedAndRead) {
  auto statements = test::nsys_base({"gemm"});
  statements.push_back(test::insert_kernel({1000, 3000, 144, 0, 7, 1}));
  test::write_database(folder_ / "export", statements);
  // nsys export --type sqlite --force-overwrite true --output OUT REPORT
  install(fmt::format(
      "[ \"$1 $2 $3 $4 $5 $6\" = 'export --type sqlite --force-overwrite true --output' ] && "
      "[ \"$8\" = '{}' ] && /bin/cp '{}' \"$7\"",
      report().string(), (folder_ / "export").string()));
  const auto trace = test::open_file(report());
  EXPECT_EQ(trace->span_count(), 1U);
  ASSERT_EQ(trace->info().files.size(), 1U);
  EXPECT_EQ(trace->info().files[0], report().string());
  EXPECT_EQ(trace->processes()[0].rank, 3);
}

TEST_F(NsysReport, WithoutNsysTheErrorSaysHow) {
  install("");
  EXPECT_THAT(error(), HasSubstr("nsys is not installed"));
  EXPECT_THAT(error(), HasSubstr("nsys export --type sqlite run_rank3.nsys-rep"));
}

TEST_F(NsysReport, WhatNsysSaysIsInTheError) {
  install("echo 'report of version 2099 is newer'; exit 3");
  EXPECT_THAT(error(), HasSubstr("status 3"));
  EXPECT_THAT(error(), HasSubstr("report of version 2099 is newer"));
  install("exit 0");
  EXPECT_THAT(error(), HasSubstr("could not export"));
  install("/bin/echo no database > \"$7\"");
  EXPECT_THAT(error(), HasSubstr("not a database"));
}

TEST_F(NsysReport, CanBeCancelled) {
  install("exec /bin/sleep 60");
  Progress progress([](double, std::string_view) {});
  progress.cancel();
  EXPECT_THROW(open_trace({report()}, {}, progress), Cancelled);
}

TEST_F(NsysReport, ParquetTablesAreRefusedWithTheWayOut) {
  std::filesystem::create_directory(folder_ / "tables");
  std::ofstream(folder_ / "tables/CUPTI_ACTIVITY_KIND_KERNEL.parquet") << "PAR1xxxxPAR1";
  for (const auto& path :
       {folder_ / "tables", folder_ / "tables/CUPTI_ACTIVITY_KIND_KERNEL.parquet"})
    EXPECT_THAT(test::error_of([&] { test::open_file(path); }),
                HasSubstr("nsys export --type sqlite"));
}

TEST_F(NsysReport, RowsOfAnExportMayBeInAnyOrder) {
  const auto base = test::nsys_base({"gemm", "nccl", "attention"});
  std::vector<std::string> rows;
  for (int i = 0; i < 40; ++i)
    rows.push_back(test::insert_kernel(
        {1000 + 100 * i, 1000 + 100 * i + (i % 3) * 90, 144 + i % 2, 0, 7 + i % 3, i + 1, i % 3}));
  for (int i = 0; i < 20; ++i) {
    rows.push_back(fmt::format("INSERT INTO NVTX_EVENTS VALUES ({}, {}, 59, 'layer {}', {})",
                               900 + 200 * i, 1090 + 200 * i, i, test::global_tid(144, 9)));
    rows.push_back(fmt::format("INSERT INTO GPU_METRICS VALUES ({}, 0, 1, {})", 900 + 50 * i, i));
  }
  const auto spans_of = [&](const std::string& name, std::vector<std::string> order) {
    auto statements = base;
    statements.emplace_back(
        "CREATE TABLE NVTX_EVENTS (start INTEGER, \"end\" INTEGER, eventType INTEGER, text TEXT, "
        "globalTid INTEGER)");
    statements.emplace_back(
        "CREATE TABLE GPU_METRICS (timestamp INTEGER, typeId INTEGER, metricId INTEGER, value "
        "INTEGER)");
    statements.insert(statements.end(), order.begin(), order.end());
    test::write_database(folder_ / name, statements);
    const auto trace = test::open_file(folder_ / name);
    std::string text;
    for (const auto& span : test::named_spans(*trace))
      text += fmt::format("{} {} {} {}\n", span.track, span.name, span.start, span.duration);
    for (const auto& counter : trace->counters())
      text += fmt::format("{} {} {}\n", counter.name, fmt::join(counter.times, ","),
                          fmt::join(counter.values, ","));
    return text;
  };
  const auto in_order = spans_of("a.sqlite", rows);
  EXPECT_EQ(std::count(in_order.begin(), in_order.end(), '\n'), 61);
  auto shuffled = rows;
  for (std::size_t i = 0; i < shuffled.size(); ++i)
    std::swap(shuffled[i], shuffled[(i * 37 + 11) % shuffled.size()]);
  ASSERT_NE(shuffled, rows);
  EXPECT_EQ(spans_of("b.sqlite", shuffled), in_order);
  std::reverse(rows.begin(), rows.end());
  EXPECT_EQ(spans_of("c.sqlite", rows), in_order);
}

}  // namespace
}  // namespace moescope
