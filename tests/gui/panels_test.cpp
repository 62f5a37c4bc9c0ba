// Panels beside the views: what they say of a selection, and where their links lead.
#include <gmock/gmock.h>

#include <QTest>
#include <future>
#include <thread>

#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"
#include "views/common/destroyed_elsewhere.h"
#include "views/common/job.h"
#include "views/common/theme.h"
#include "views/legend/legend_panel.h"
#include "views/statistics/statistics_panel.h"
#include "views/tree/trace_tree.h"

namespace moescope {
namespace {

using test::wait_for;

/// A call that launches a kernel, a dispatch, and a copy; a long host operator.
TracePtr launched_trace() {
  return test::make_trace({{"aten::linear", 0, 90'000, 1, SpanKind::CpuOp},
                           {"cudaLaunchKernel", 100, 50, 1, SpanKind::Runtime, 1},
                           {"flash_fwd_kernel", 1000, 500, 7, SpanKind::Kernel, 1},
                           {"deep_ep::dispatch", 2000, 300, 8, SpanKind::Kernel, 2},
                           {"Memcpy HtoD", 3000, 100, 8, SpanKind::Memcpy, 3}});
}

struct OpenDocument {
  explicit OpenDocument(TracePtr trace) {
    selection.reset(trace->range());
    document.setTrace(trace, {"made"});
    document.setAnalysis(analyze_document(*trace, RuleSet::built_in()));
  }
  TraceDocument document;
  Selection selection;
};

TEST(Statistics, rowsAreSortedByTheNumberAlone) {
  OpenDocument open(launched_trace());
  StatisticsPanel panel(open.document, open.selection);
  ASSERT_TRUE(wait_for([&] { return panel.model().rowCount() == 5; }));
  const auto totals = [&] {
    std::vector<qlonglong> values;
    for (int row = 0; row < panel.shownModel()->rowCount(); ++row)
      values.push_back(panel.shownModel()
                           ->index(row, StatisticsModel::Total)
                           .data(StatisticsModel::kSortRole)
                           .toLongLong());
    return values;
  };
  const auto* title = panel.findChild<QLabel*>();
  EXPECT_THAT(totals(), testing::ElementsAre(500, 300, 100));
  EXPECT_TRUE(title->text().endsWith("3 spans of devices, total 900 ns; 2 of the host not counted"))
      << title->text().toStdString();
  auto* side = panel.findChild<QComboBox*>("statisticsSide");
  side->setCurrentIndex(2);
  EXPECT_THAT(totals(), testing::ElementsAre(90'000, 500, 300, 100, 50));
  panel.table()->sortByColumn(StatisticsModel::Total, Qt::AscendingOrder);
  EXPECT_THAT(totals(), testing::ElementsAre(50, 100, 300, 500, 90'000));
  side->setCurrentIndex(1);
  EXPECT_THAT(totals(), testing::ElementsAre(50, 90'000));
}

TEST(Statistics, areOfWhatFiguresAreOf) {
  OpenDocument open(launched_trace());
  StatisticsPanel panel(open.document, open.selection);
  const auto* title = panel.findChild<QLabel*>("statisticsTitle");
  const auto says = [&](const char* text) {
    return wait_for([&] { return title->text().startsWith(text); });
  };
  EXPECT_TRUE(says("Whole trace: 3 spans of devices")) << title->text().toStdString();
  open.selection.setRange({900, 1600});
  open.selection.selectSpan({0, 0});  // the Inspector's
  QTest::qWait(200);
  EXPECT_TRUE(says("Whole trace: 3 spans"));
  open.selection.setScope(FigureScope::Visible);
  EXPECT_TRUE(says("Visible range, 700 ns: 1 span of devices")) << title->text().toStdString();
  open.selection.markArea({{1900, 3050}, {}});
  EXPECT_TRUE(says("Selected area, 1.15 \xc2\xb5s")) << title->text().toStdString();
  EXPECT_EQ(panel.model().statistics().names.size(), 3U) << "the operator of the host too";
  open.selection.setArea({});
  EXPECT_TRUE(says("Visible range, 700 ns"));
  open.selection.selectSpan({1, 0});
  open.selection.selectSpan({2, 0}, true);
  EXPECT_TRUE(says("Selected: 2 spans")) << title->text().toStdString();
}

TEST(Statistics, aTraceOfTheHostAloneIsShownUnasked) {
  OpenDocument open(test::make_trace({{"aten::linear", 0, 90'000, 1, SpanKind::CpuOp}}));
  StatisticsPanel panel(open.document, open.selection);
  EXPECT_TRUE(wait_for([&] { return panel.shownModel()->rowCount() == 1; }));
}

TEST(Statistics, sharesAreOfTheRowsThatAreShownAndAddUp) {
  OpenDocument open(launched_trace());
  StatisticsPanel panel(open.document, open.selection);
  ASSERT_TRUE(wait_for([&] { return panel.shownModel()->rowCount() > 0; }));
  double sum = 0;
  for (int row = 0; row < panel.shownModel()->rowCount(); ++row)
    sum += panel.shownModel()
               ->index(row, StatisticsModel::Share)
               .data(StatisticsModel::kSortRole)
               .toDouble();
  EXPECT_NEAR(sum, 100, 1e-6);
  EXPECT_TRUE(
      panel.shownModel()->index(0, StatisticsModel::Share).data().toString().endsWith(" %"));
}

TEST(Statistics, namesKeepRoomWhereTheListIsNarrow) {
  OpenDocument open(launched_trace());
  StatisticsPanel panel(open.document, open.selection);
  panel.resize(330, 400);
  panel.setVisible(true);
  ASSERT_TRUE(wait_for([&] { return panel.shownModel()->rowCount() > 0; }));
  const QTableView& table = *panel.table();
  EXPECT_GE(table.columnWidth(StatisticsModel::Name), 20 * table.fontMetrics().averageCharWidth());
  EXPECT_TRUE(table.isColumnHidden(StatisticsModel::Max));
  EXPECT_FALSE(table.isColumnHidden(StatisticsModel::Total));
  panel.resize(900, 400);
  EXPECT_TRUE(wait_for([&] { return !table.isColumnHidden(StatisticsModel::Min); }));
}

TEST(Statistics, theTableFollowsTheSizeOfText) {
  OpenDocument open(launched_trace());
  StatisticsPanel panel(open.document, open.selection);
  panel.setVisible(true);
  const double before = panel.table()->font().pointSizeF();
  const int row = panel.table()->verticalHeader()->defaultSectionSize();
  QFont large = panel.font();
  large.setPointSizeF(2 * large.pointSizeF());
  panel.setFont(large);
  EXPECT_NEAR(panel.table()->font().pointSizeF(), 2 * before, 0.6);
  EXPECT_GT(panel.table()->verticalHeader()->defaultSectionSize(), row * 3 / 2);
}

TEST(TraceTree, workOfTheDevicesComesBeforeTheThreads) {
  OpenDocument open(launched_trace());
  const TraceTree tree(open.document, open.selection);
  const auto& model = *tree.model();
  const QModelIndex rank = model.index(0, 0, model.index(0, 0));
  ASSERT_EQ(model.rowCount(rank), 2);
  EXPECT_EQ(model.index(0, 0, rank).data().toString(), "GPU 0");
  EXPECT_EQ(model.index(1, 0, rank).data().toString(), "Threads");
}

TEST(Legend, showsTheClassesInUseEachWithItsDefinition) {
  OpenDocument open(launched_trace());
  LegendPanel legend(open.document);
  const auto shown = [&] {
    QStringList texts;
    for (int i = 0; i < legend.count(); ++i) {
      texts << legend.item(i)->text();
      EXPECT_FALSE(legend.item(i)->toolTip().isEmpty()) << texts.back().toStdString();
    }
    return texts;
  };
  const QStringList texts = shown();
  for (const SpanClass c :
       {SpanClass::Attention, SpanClass::Dispatch, SpanClass::Memory, SpanClass::Host})
    EXPECT_TRUE(texts.contains(class_label(c))) << class_label(c).toStdString();
  for (const SpanClass c : {SpanClass::Combine, SpanClass::Expert, SpanClass::Gate})
    EXPECT_FALSE(texts.contains(class_label(c))) << class_label(c).toStdString();
  EXPECT_FALSE(texts.contains("waiting"));
  open.document.setTrace(open.document.trace(), {"again"});
  EXPECT_EQ(shown(), texts) << "until the next analysis is there";
}

TEST(Jobs, aSupersededJobIsNotWaitedFor) {
  std::promise<void> release;
  auto gate = release.get_future().share();
  std::vector<int> results;
  JobRunner job;
  job.start(
      "stubborn",
      [gate](Progress&) {
        gate.wait();
        return 1;
      },
      [&](int result) { results.push_back(result); });
  job.start(
      "next", [](Progress&) { return 2; }, [&](int result) { results.push_back(result); });
  ASSERT_TRUE(wait_for([&] { return !results.empty(); })) << "while the first still runs";
  release.set_value();
  QTest::qWait(50);
  EXPECT_THAT(results, testing::ElementsAre(2));
  EXPECT_FALSE(job.running());
}

TEST(Jobs, whatAnAbandonedJobDeliversIsDropped) {
  std::promise<void> release, begun;
  auto gate = release.get_future().share();
  std::atomic<bool> ended{false};
  int finished = 0;
  JobRunner job;
  QObject::connect(&job, &JobRunner::finished, [&] { ++finished; });
  job.start(
      "stubborn",
      [gate, &ended, &begun](Progress&) {
        begun.set_value();
        gate.wait();
        ended = true;
        return 1;
      },
      [](int) { FAIL() << "delivered"; });
  begun.get_future().wait();
  job.abandon();
  EXPECT_FALSE(job.running());
  EXPECT_EQ(finished, 1) << "a view that shows progress is notified";
  release.set_value();
  ASSERT_TRUE(wait_for([&] { return ended.load(); }));
  QTest::qWait(50);
  job.abandon();
  EXPECT_EQ(finished, 1) << "nothing ran any more";
}

TEST(Jobs, largeResultsAreDestroyedElsewhere) {
  struct Large {
    explicit Large(std::promise<std::thread::id>& where) : destroyed(where) {}
    ~Large() { destroyed.set_value(std::this_thread::get_id()); }
    std::promise<std::thread::id>& destroyed;
  };
  std::promise<std::thread::id> destroyed;
  auto first = destroyed_elsewhere(std::make_shared<const Large>(destroyed));
  auto second = first;
  auto where = destroyed.get_future();
  first.reset();
  EXPECT_EQ(where.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout)
      << "it has an owner";
  second.reset();
  ASSERT_EQ(where.wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_NE(where.get(), std::this_thread::get_id());
}

TEST(Jobs, errorsAndCancellationArriveOnTheOwnersThread) {
  JobRunner job;
  QString failure;
  bool cancelled = false;
  QObject::connect(&job, &JobRunner::failed, [&](const QString& text) { failure = text; });
  QObject::connect(&job, &JobRunner::cancelled, [&] { cancelled = true; });
  job.start(
      "bad", [](Progress&) -> int { throw Error("file", "", "is broken"); }, [](int) { FAIL(); });
  ASSERT_TRUE(wait_for([&] { return !failure.isEmpty(); }));
  EXPECT_TRUE(failure.contains("is broken"));
  job.start(
      "long",
      [](Progress& progress) {
        while (true) progress.check();
        return 1;
      },
      [](int) { FAIL(); });
  job.cancel();
  EXPECT_TRUE(wait_for([&] { return cancelled; }));
  EXPECT_FALSE(job.running());
}

}  // namespace
}  // namespace moescope
