// SQL in the window: rows, spans behind them, errors, limits, completion and history.
#include "views/query/query_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QSettings>
#include <QTest>

#include "core/query/saved_queries.h"
#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"
#include "views/workspace/workspace.h"

namespace moescope {
namespace {

using test::make_trace;
using test::wait_for;
using testing::HasSubstr;

struct QueryTest : testing::Test {
  QueryTest() {
    QSettings().clear();
    view = std::make_unique<QueryView>(workspace.trace(), workspace.selection());
    const auto trace = make_trace({{"gemm", 100, 50, 7, SpanKind::Kernel},
                                   {"ncclDevKernel_AllReduce", 200, 30, 8, SpanKind::Kernel}});
    workspace.trace().setTrace(trace, {"a.json"});
  }
  void ask(const char* sql) {
    view->setSql(sql);
    view->run();
    ASSERT_TRUE(wait_for([&] { return !view->busy(); }));
  }
  Workspace workspace;
  std::unique_ptr<QueryView> view;
};

TEST_F(QueryTest, RowsLeadToTheirSpans) {
  ask("SELECT span, name, dur FROM spans ORDER BY start");
  ASSERT_EQ(view->result().rowCount(), 2);
  EXPECT_EQ(view->result().index(1, 1).data().toString(), "ncclDevKernel_AllReduce");
  EXPECT_THAT(view->status().toStdString(), HasSubstr("2 rows. Click a row"));
  auto* table = view->findChild<QTableView*>("queryTable");
  Q_EMIT table->clicked(table->model()->index(1, 0));
  ASSERT_TRUE(wait_for([&] { return workspace.selection().currentSpan().valid(); }));
  EXPECT_EQ(workspace.trace().trace()->name(workspace.selection().currentSpan()),
            "ncclDevKernel_AllReduce");
  EXPECT_EQ(view->csv().section('\n', 0, 0), "span,name,dur");
}

TEST_F(QueryTest, AnErrorSaysWhereAndKeepsTheRows) {
  ask("SELECT name FROM spans");
  ask("SELECT missing FROM spans");
  EXPECT_THAT(view->status().toStdString(), HasSubstr("no such column: missing"));
  EXPECT_EQ(view->result().rowCount(), 2);
  ask("DELETE FROM spans");
  EXPECT_THAT(view->status().toStdString(), testing::Not(HasSubstr("row")));
}

TEST_F(QueryTest, TheRowLimitIsSaid) {
  ask("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
      "SELECT i FROM n");
  EXPECT_EQ(view->result().rowCount(), 10000);
  EXPECT_THAT(view->status().toStdString(), HasSubstr("The first 10,000 rows; there are more."));
}

TEST_F(QueryTest, AQueryWithoutEndCanBeCancelled) {
  view->setSql(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
  view->run();
  EXPECT_TRUE(view->busy());
  view->findChild<QPushButton*>("cancelQuery")->click();
  ASSERT_TRUE(wait_for([&] { return !view->busy(); }));
  EXPECT_EQ(view->status(), "Cancelled.");
}

TEST_F(QueryTest, QuestionsAreRememberedAndOffered) {
  ask("SELECT 1");
  ask("SELECT 2");
  ask("SELECT 1");
  const auto* tree = view->findChild<QueryTree*>();
  EXPECT_EQ(tree->history(), (QStringList{"SELECT 1", "SELECT 2"}));
  EXPECT_GE(tree->topLevelItem(0)->childCount(), 20);
}

TEST_F(QueryTest, EveryQuestionThatComesWithTheProgramRuns) {
  for (const SavedQuery& query : saved_queries()) {
    ask(query.sql);
    EXPECT_THAT(view->status().toStdString(), HasSubstr("row")) << query.title;
  }
}

TEST_F(QueryTest, CompletesTablesAndColumns) {
  auto* editor = view->findChild<SqlEditor*>();
  editor->setPlainText("SELECT corr");
  editor->moveCursor(QTextCursor::End);
  editor->completer().setCompletionPrefix(editor->wordBefore());
  EXPECT_EQ(editor->completer().currentCompletion(), "correlation");
}

TEST(ResultModel, KeepsTheRulesOfModels) {
  ResultModel model;
  const QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  model.setResult({{"span", "x"},
                   {{std::int64_t{(3LL << 32) + 5}, std::string("a")}, {std::monostate{}, 1.5}},
                   false});
  EXPECT_EQ(model.rowCount(), 2);
  EXPECT_EQ(model.span(0), (SpanRef{3, 5}));
  EXPECT_FALSE(model.span(1).valid());
  model.setResult({});
  EXPECT_EQ(model.columnCount(), 0);
}

}  // namespace
}  // namespace moescope
