// The kind of a file, by its content.
#include "core/open/file_kind.h"

#include <gmock/gmock.h>

#include "core/error.h"
#include "core/files.h"
#include "core/placement/plan.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/sink.h"
#include "tests/support/engine_dumps.h"
#include "tests/support/small_plan.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using testing::ElementsAre;

class FileKinds : public testing::Test {
 protected:
  std::filesystem::path write(const char* name, const std::string& text) {
    write_text_file(folder_ / name, text);
    return folder_ / name;
  }
  std::filesystem::path recording() {
    write_moetrace(*TraceBuilder().snapshot(), folder_ / "r.moetrace", progress_);
    return folder_ / "r.moetrace";
  }
  test::TempFolder folder_;
  Progress progress_;
};

TEST_F(FileKinds, AreRecognisedByContentAndNotByName) {
  EXPECT_EQ(kind_of_file(write("a.txt", plan_json(test::one_layer_plan({0, 1, 2, 3})))),
            FileKind::Plan);
  EXPECT_EQ(kind_of_file(write("a.csv", R"({"physical_to_logical_map":[[0]],"logical_count":[]})")),
            FileKind::Loads)
      << "dumps name the map too";
  EXPECT_EQ(kind_of_file(write("a.json", "1,2,3\n")), FileKind::Loads);
  EXPECT_EQ(kind_of_file(write("b.json", test::stat_file({1, 1, 2}, {1, 2}))), FileKind::Loads);
  EXPECT_EQ(kind_of_file(write("c.json", R"({"traceEvents":[]})")), FileKind::Trace);
  EXPECT_EQ(kind_of_file(write("d.json",
                               "[Expert Balancedness] forward_pass_id=1 "
                               "current_pass_balancedness=0.5\n")),
            FileKind::BalanceLog);
  EXPECT_EQ(kind_of_file(recording()), FileKind::Recording);
}

TEST_F(FileKinds, WhatCannotBeReadIsForTheReaderOfTracesToRefuse) {
  EXPECT_EQ(kind_of_file(folder_ / "missing"), FileKind::Trace);
  EXPECT_EQ(kind_of_file(folder_ / "."), FileKind::Trace);
  EXPECT_EQ(kind_of_file("/dev/zero"), FileKind::Trace);
  EXPECT_EQ(kind_of_file(write("empty", "")), FileKind::Trace);
}

TEST_F(FileKinds, FilesAreSortedInTheirOrder) {
  const auto plan = write("plan", plan_json(test::one_layer_plan({0, 1, 2, 3}))),
             other = write("other", "1,2\n"), trace = write("trace", R"({"traceEvents":[]})"),
             record = recording();
  const SortedFiles sorted = sort_files({trace, other, record, plan}, progress_);
  EXPECT_THAT(sorted.plans, ElementsAre(plan));
  EXPECT_THAT(sorted.loads, ElementsAre(other));
  EXPECT_THAT(sorted.traces, ElementsAre(trace, record));
  EXPECT_THAT(sorted.recordings, ElementsAre(record));
  progress_.cancel();
  EXPECT_THROW(sort_files({trace}, progress_), Cancelled);
}

}  // namespace
}  // namespace moescope
