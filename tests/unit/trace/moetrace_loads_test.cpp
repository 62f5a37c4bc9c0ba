#include "core/trace/file/moetrace_loads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "core/error.h"
#include "core/trace/file/moetrace_writer.h"
#include "tests/support/moetrace_samples.h"

namespace moescope {
namespace {

TEST(MoetraceLoads, RowsComeBackAsTheyWereWritten) {
  test::TempFolder folder;
  const std::vector<LoadRow> rows = {{0, 1000, 3, "logical", std::nullopt, {1, 0, 4294967295U}},
                                     {0, 1000, 3, "physical", 7, {256, 65536}},
                                     {1000, 2000, 4, "logical", std::nullopt, {}}};
  MoetraceWriter writer(folder / "a.moetrace");
  for (const auto& row : rows) writer.add_loads(row);
  writer.add_plan({5, "start", "{}"});
  Progress progress;
  writer.finish(progress);
  EXPECT_EQ(read_load_rows(folder / "a.moetrace"), rows);
}

TEST(MoetraceLoads, ADamagedRowIsAnError) {
  test::TempFolder folder;
  const auto path = folder / "a.moetrace";
  {
    MoetraceWriter writer(path);
    writer.add_loads({0, 1, 0, "logical", std::nullopt, {1}});
    Progress progress;
    writer.finish(progress);
  }
  for (const char* change : {"UPDATE loads SET counts = x'010203'", "UPDATE loads SET layer = -1",
                             "UPDATE loads SET layer = 0, end_ns = -5"}) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, change, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
    EXPECT_THROW(read_load_rows(path), Error) << change;
  }
}

}  // namespace
}  // namespace moescope
