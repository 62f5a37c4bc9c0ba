#include "core/query/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/moetrace_samples.h"

namespace moescope {
namespace {

using testing::HasSubstr;
using Row = std::vector<QueryValue>;

class Query : public testing::Test {
 protected:
  std::vector<Row> ask(const std::string& sql) {
    std::vector<Row> rows;
    session_.run(
        sql, [](const auto&) {}, [&](const Row& row) { rows.push_back(row); }, progress_);
    return rows;
  }
  std::int64_t number(const std::string& sql) { return std::get<std::int64_t>(ask(sql)[0][0]); }
  std::string error(const std::string& sql) {
    try {
      ask(sql);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }

  TracePtr trace_ = test::sample_trace();
  QuerySession session_{trace_, RuleSet::built_in()};
  Progress progress_;
};

TEST_F(Query, RowsAreTheSpans) {
  EXPECT_EQ(number("SELECT count(*) FROM spans"), static_cast<std::int64_t>(trace_->span_count()));
  const Span span = trace_->span({0, 16385});
  const auto row = ask("SELECT start, dur, \"end\", name, kind, correlation, depth, args, process, "
                       "rank, device, stream FROM spans WHERE span = 16385")
                       .at(0);
  EXPECT_EQ(row,
            (Row{span.start, span.duration, span.end(), std::string(trace_->strings()[span.name]),
                 std::string(to_string(span.kind)), std::int64_t{span.correlation},
                 std::int64_t{span.depth}, trace_->args({0, 16385}), std::string("rank 0"),
                 std::int64_t{0}, std::int64_t{0}, std::int64_t{27}}));
}

TEST_F(Query, WhatIsNotRecordedIsNull) {
  EXPECT_EQ(number("SELECT count(*) FROM spans WHERE track = 1 AND (device IS NOT NULL OR rank IS "
                   "NOT NULL OR args IS NOT NULL)"),
            0);
  EXPECT_EQ(ask("SELECT grid_x, block_x, cluster_x, registers FROM spans WHERE span = 0"),
            (std::vector<Row>{
                {std::int64_t{20}, std::int64_t{512}, std::int64_t{2}, std::int64_t{110}}}));
  EXPECT_EQ(ask("SELECT grid_x FROM spans WHERE span = 1"), (std::vector<Row>{{std::monostate{}}}));
}

TEST_F(Query, PushedDownConditionsChangeNoResult) {
  // The unary plus keeps a condition from the index, so that SQLite alone decides.
  const char* conditions[][2] = {
      {"start >= 163000", "+start >= 163000"},
      {"start > 100 AND start < 200", "+start > 100 AND +start < 200"},
      {"start = 50", "+start = 50"},
      {"start <= 1000.5", "+start <= 1000.5"},
      {"\"end\" > 173000", "+\"end\" > 173000"},
      {"\"end\" <= 77", "+\"end\" <= 77"},
      {"track = 1 AND start < 5000", "+track = 1 AND +start < 5000"},
      {"rank = 0 AND device = 0 AND stream = 27", "+rank = 0 AND +device = 0 AND +stream = 27"},
      {"device = 1", "+device = 1"},
      {"stream = -5", "+stream = -5"},
      {"span > 4294967300", "+span > 4294967300"},
      {"span = 16385", "+span = 16385"},
      {"rowid = 4294967300", "+span = 4294967300"},
      {"start = NULL", "+start = NULL"},
      {"start > 'text'", "+start > 'text'"}};
  for (const auto& [fast, slow] : conditions) {
    const std::string select = "SELECT count(*), min(span), max(span), sum(dur) FROM spans WHERE ";
    EXPECT_EQ(ask(select + fast), ask(select + slow)) << fast;
  }
  EXPECT_GT(number("SELECT count(*) FROM spans WHERE start >= 163000"), 0);
}

TEST_F(Query, ClassesFollowTheRules) {
  EXPECT_EQ(number("SELECT count(*) FROM spans WHERE class = 'memory'"),
            number("SELECT count(*) FROM spans WHERE kind IN ('memcpy', 'memset')"));
}

TEST_F(Query, OtherTablesShowTheTrace) {
  EXPECT_EQ(number("SELECT sum(spans) FROM tracks"),
            static_cast<std::int64_t>(trace_->span_count()));
  EXPECT_EQ(number("SELECT sm FROM sm WHERE start = 10"), 131);
  EXPECT_EQ(number("SELECT count(*) FROM samples WHERE name = 'SM Active'"), 3);
  EXPECT_EQ(number("SELECT sm_count FROM devices"), 132);
  EXPECT_EQ(number("SELECT count(*) FROM notes"), 2);
  EXPECT_EQ(number("SELECT count(*) FROM loads"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM plans"), 0);
  EXPECT_EQ(std::get<std::string>(ask("SELECT value FROM meta WHERE key = 'producer'")[0][0]),
            "PyTorch 2.9");
}

TEST_F(Query, OnlyReadingIsAllowed) {
  for (const char* sql :
       {"DELETE FROM spans", "CREATE TABLE x(y)", "ATTACH '/tmp/x' AS y", "PRAGMA user_version",
        "SELECT load_extension('x')", "BEGIN", "VACUUM INTO '/tmp/x'", "REINDEX", "ANALYZE",
        "SELECT fts3_tokenizer('simple')", "SELECT zeroblob(1000000000)"})
    EXPECT_THAT(error(sql), testing::AnyOf(HasSubstr("only reading"), HasSubstr("may not be"),
                                           HasSubstr("not authorized")))
        << sql;
}

TEST_F(Query, FunctionsThatOnlyComputeAreAllowed) {
  const auto row =
      ask("SELECT upper('a'), round(1.26, 1), json_extract('{\"a\":2}', '$.a'), "
          "group_concat(name, '+') FILTER (WHERE dur > 2), coalesce(NULL, 3), strftime('%Y', 0, "
          "'unixepoch'), "
          "'abc' LIKE 'A%', row_number() OVER () FROM spans")[0];
  EXPECT_EQ(std::get<std::string>(row[0]), "A");
  EXPECT_EQ(std::get<double>(row[1]), 1.3);
  EXPECT_EQ(std::get<std::int64_t>(row[2]), 2);
  EXPECT_EQ(std::get<std::int64_t>(row[4]), 3);
  EXPECT_EQ(std::get<std::string>(row[5]), "1970");
  EXPECT_EQ(std::get<std::int64_t>(row[6]), 1);
  EXPECT_THAT(error("SELECT randomblob(10)"), HasSubstr("Functions that only compute"));
}

TEST_F(Query, ErrorsSayWhere) {
  EXPECT_THAT(error("SELECT nothing FROM spans"), HasSubstr("character 8 ('nothing FROM spans')"));
  EXPECT_THAT(error("SELECT 1; SELECT 2"), HasSubstr("one statement"));
  EXPECT_THAT(error("  "), HasSubstr("empty"));
}

TEST_F(Query, LongQueriesCanBeCancelled) {
  progress_.cancel();
  EXPECT_THROW(ask("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                   "SELECT count(*) FROM n"),
               Cancelled);
}

}  // namespace
}  // namespace moescope
