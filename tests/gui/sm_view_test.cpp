#include "views/sm/sm_view.h"

#include <gtest/gtest.h>

#include <QComboBox>
#include <QLabel>
#include <QSignalSpy>
#include <QTabWidget>
#include <QTableWidget>

#include "tests/gui/chart_document.h"
#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"
#include "views/sm/sm_canvas.h"
#include "views/sm/sm_columns.h"
#include "views/sm/sm_grid.h"

namespace moescope {
namespace {

TEST(SmColumns, MeansAreWeightedByTimeAndNeverInterpolated) {
  const test::ChartDocument chart;
  const SmIntegral integral(chart.results->sm.front());
  const auto columns = integral.columns({0, 1000}, 2);
  ASSERT_EQ(columns.size(), 2U);
  const auto expert = static_cast<std::size_t>(SpanClass::Expert);
  const auto dispatch = static_cast<std::size_t>(SpanClass::Dispatch);
  EXPECT_DOUBLE_EQ(columns[0].mean[expert], 8);
  EXPECT_DOUBLE_EQ(columns[0].mean[dispatch], 2 * 100 / 500.0);
  EXPECT_DOUBLE_EQ(columns[1].mean[expert], 8 * 100 / 500.0);
  EXPECT_DOUBLE_EQ(columns[1].mean[dispatch], 2 * 300 / 500.0);
}

TEST(SmColumns, BlocksOfStepsAddUpToTheSameMeans) {
  SmAllocation sm;
  sm.sm_count = 4;
  sm.range = {0, 1000};
  for (TimeNs t = 0; t < 1000; t += 2) {
    sm.steps.push_back(test::sm_step(t, 0, t % 4 == 0 ? std::uint16_t{4} : std::uint16_t{0}));
  }
  for (const SmColumn& column : SmIntegral(sm).columns({0, 1000}, 10)) {
    EXPECT_DOUBLE_EQ(column.held(), 2);
  }
  for (const SmColumn& column : SmIntegral(sm).columns({1000, 2000}, 3)) {
    EXPECT_DOUBLE_EQ(column.held(), 0);
  }
}

TEST(SmView, ShowsMethodCaveatsAndThePairsByTime) {
  test::ChartDocument chart;
  SmView view(chart.document, chart.selection);
  const QString method = view.findChild<QLabel*>("smMethod")->text();
  EXPECT_TRUE(method.contains("inferred")) << method.toStdString();
  EXPECT_TRUE(method.contains("one by one")) << method.toStdString();
  EXPECT_EQ(view.pairsTsv(),
            "comm SMs\tcompute SMs\ttime (ns)\tshare (%)\n0\t8\t400\t40.0\n2\t8\t250\t25.0\n"
            "0\t0\t200\t20.0\n2\t0\t150\t15.0\n");
}

TEST(SmView, TheCursorShowsCommunicationComputeAndFree) {
  test::ChartDocument chart;
  SmView view(chart.document, chart.selection);
  chart.selection.setCursor(500);
  EXPECT_TRUE(view.findChild<QLabel*>("smCursor")
                  ->text()
                  .contains("communication 2, compute 8, free 0 of 10 SMs"));
  chart.selection.setCursor(399);
  EXPECT_TRUE(view.findChild<QLabel*>("smCursor")->text().contains("communication 0, compute 8"));
}

TEST(SmView, WithoutRecordedSmIdsTheGridSaysWhy) {
  test::ChartDocument chart;
  SmView view(chart.document, chart.selection);
  chart.selection.setCursor(500);
  const auto* grid = view.findChild<SmGrid*>("smGrid");
  EXPECT_TRUE(grid->cells().empty());
  EXPECT_TRUE(grid->message().contains("does not record"));
}

TEST(SmView, RecordedSmIdsFillTheGridAtTheCursorWithTheClassOfTheirKernel) {
  const TracePtr trace = test::make_trace(
      {{"deep_ep::dispatch", 0, 200, 7, SpanKind::Kernel, 5}}, 10,
      {{0, 100, 0, 0, 3, 5}, {50, 60, 0, 1, 4, 5}, {50, 200, 0, 0, 3, 5}, {50, 200, 0, 0, 6, 0}});
  TraceDocument document;
  Selection selection;
  selection.reset(trace->range());
  document.setTrace(trace, {"recorded"});
  document.setAnalysis(analyze_document(*trace, RuleSet::built_in()));
  SmView view(document, selection);
  const auto* grid = view.findChild<SmGrid*>("smGrid");
  selection.setCursor(55);
  ASSERT_EQ(grid->cells().size(), 10U);
  EXPECT_EQ(grid->cells()[3].blocks, 2);
  EXPECT_EQ(grid->cells()[4].blocks, 0) << "another device";
  EXPECT_EQ(grid->cellText(3), "SM 3: 2 blocks, most of dispatch (deep_ep::dispatch)");
  EXPECT_EQ(grid->cellText(4), "SM 4: free");
  EXPECT_TRUE(grid->cellText(6).contains("does not name"));
  selection.setCursor(150);
  EXPECT_EQ(grid->cells()[3].blocks, 1);
}

TEST(SmView, WhileATraceGrowsBlocksAreIndexedForWhoLooksAtThem) {
  const auto traced = [](TimeNs length) {
    return test::make_trace({{"deep_ep::dispatch", 0, length, 7, SpanKind::Kernel, 5}}, 10,
                            {{0, length, 0, 0, 3, 5}});
  };
  TraceDocument document;
  Selection selection;
  document.setTrace(traced(100), {});
  SmView view(document, selection);
  view.setVisible(true);
  const auto grow = [&](TimeNs length) {
    document.growTrace(traced(length));
    document.setAnalysis(analyze_document(*document.trace(), RuleSet::built_in()));
  };
  grow(200);
  selection.setCursor(150);
  const auto* grid = view.findChild<SmGrid*>("smGrid");
  EXPECT_TRUE(grid->cells().empty());
  auto* tabs = view.findChild<QTabWidget*>("smTabs");
  tabs->setCurrentWidget(view.findChild<SmGrid*>("smGrid"));
  ASSERT_TRUE(test::wait_for([&] { return !grid->cells().empty(); }));
  EXPECT_EQ(grid->cells()[3].blocks, 1);
  grow(300);
  selection.setCursor(250);
  ASSERT_TRUE(test::wait_for([&] { return !view.busy(); }));
  EXPECT_EQ(grid->cells()[3].blocks, 1) << "it is still looked at";
}

TEST(SmView, ProcessorsOfACpuAreWorkersInEveryText) {
  TraceBuilder builder;
  builder.add_process({.label = "rank 0", .rank = 0});
  builder.add_device({.name = "any name", .sm_count = 4, .on_cpu = true});
  const TrackId track =
      builder.add_track({.process = 0, .type = TrackType::DeviceStream, .device = 0});
  SpanBatch batch;
  batch.columns.push_back({0, 100, builder.strings().intern("experts"), 5, 0, SpanKind::Kernel, 0});
  builder.append(track, std::move(batch));
  builder.add_sm_records({{0, 100, 0, 0, 3, 5}});
  const TracePtr trace = builder.snapshot();
  TraceDocument document;
  Selection selection;
  selection.reset(trace->range());
  document.setTrace(trace, {"recorded"});
  document.setAnalysis(analyze_document(*trace, RuleSet::built_in()));
  SmView view(document, selection);
  selection.setCursor(50);
  EXPECT_EQ(view.findChild<SmGrid*>("smGrid")->cellText(3).left(9), "worker 3:");
  EXPECT_TRUE(view.findChild<QLabel*>("smCursor")->text().endsWith("of 4 workers"));
  EXPECT_EQ(view.windowTitle(), "Worker allocation");
  for (const QWidget* widget : view.findChildren<QWidget*>()) {
    QStringList texts{widget->toolTip(), widget->accessibleName()};
    if (const auto* label = qobject_cast<const QLabel*>(widget)) texts << label->text();
    if (const auto* tabs = qobject_cast<const QTabWidget*>(widget))
      for (int i = 0; i < tabs->count(); ++i) texts << tabs->tabText(i) << tabs->tabToolTip(i);
    if (const auto* table = qobject_cast<const QTableWidget*>(widget))
      for (int c = 0; c < table->columnCount(); ++c)
        texts << table->horizontalHeaderItem(c)->text();
    for (const QString& text : texts) EXPECT_FALSE(text.contains("SMs")) << text.toStdString();
  }
}

TEST(SmView, ALongAnalysisIsPreparedByAJobWhileTheOldPictureStays) {
  test::ChartDocument chart;
  SmView view(chart.document, chart.selection);
  auto large = std::make_shared<AnalysisResults>(*chart.results);
  large->sm.push_back(large->sm.front());
  large->sm.back().steps.assign(60'000, test::sm_step(0, 1, 1));
  QSignalSpy spy(&view, &SmView::dataChanged);
  chart.document.setAnalysis(large);
  EXPECT_EQ(view.chartInput().devices.size(), 1U);
  ASSERT_TRUE(spy.wait(20000));
  EXPECT_EQ(view.findChild<QComboBox*>("smDevice")->count(), 3);
}

TEST(SmView, APictureForExportDoesNotWaitForTheJob) {
  test::ChartDocument chart;
  SmView view(chart.document, chart.selection);
  auto large = std::make_shared<AnalysisResults>(*chart.results);
  large->sm.front().sm_count = 77;
  large->sm.front().steps.assign(60'000, test::sm_step(0, 1, 1));
  chart.document.setAnalysis(large);
  render_chart(view, {400, 300}, Theme::light());
  ASSERT_EQ(view.chartInput().devices.size(), 1U);
  EXPECT_EQ(view.chartInput().devices.front()->allocation->sm_count, 77);
}

TEST(SmView, WithoutSmCountItSaysWhatWouldFillIt) {
  test::ChartDocument chart;
  chart.results->sm.clear();
  chart.document.setAnalysis(chart.results);
  SmView view(chart.document, chart.selection);
  EXPECT_TRUE(view.findChild<QLabel*>("smMethod")->text().contains("SM count"));
}

TEST(SmView, WhileTheTraceIsAnalysedItSaysSo) {
  test::ChartDocument chart;
  chart.document.setTrace(chart.trace, {"again.json"});  // its analysis is not there
  SmView view(chart.document, chart.selection);
  const auto* method = view.findChild<QLabel*>("smMethod");
  EXPECT_TRUE(view.chartInput().awaited);
  EXPECT_TRUE(method->text().contains("as soon as")) << method->text().toStdString();
  chart.document.setAnalysis(chart.results);
  EXPECT_FALSE(view.chartInput().awaited);
  EXPECT_EQ(view.chartInput().devices.size(), 1U);
  chart.document.setTrace(nullptr, {});
  EXPECT_FALSE(view.chartInput().awaited);
  EXPECT_TRUE(method->text().contains("No trace is open"));
}

TEST(SmView, TimesAreOfTheChosenScopeAndSayOfWhat) {
  test::ChartDocument chart;
  chart.document.setAnalysis(analyze_document(*chart.trace, RuleSet::built_in()));
  SmView view(chart.document, chart.selection);
  const auto* scope = view.findChild<QLabel*>("smScope");
  EXPECT_TRUE(scope->text().startsWith("Whole trace")) << scope->text().toStdString();
  const auto total = [&] {
    qint64 sum = 0;
    for (const QString& line : view.pairsTsv().split('\n').mid(1))
      if (!line.isEmpty()) sum += line.split('\t')[2].toLongLong();
    return sum;
  };
  EXPECT_EQ(total(), 1000);
  chart.selection.setRange({500, 700});
  EXPECT_TRUE(scope->text().startsWith("Whole trace"));
  chart.selection.setScope(FigureScope::Visible);
  ASSERT_TRUE(test::wait_for([&] { return scope->text() == "Visible range, 200 ns"; }));
  EXPECT_EQ(total(), 200);
  const auto of_range =
      analyze_sm_allocation(*chart.trace, *chart.document.analysis()->classes, TimeRange{500, 700});
  EXPECT_EQ(view.findChild<QTableWidget*>("smPairs")->rowCount(),
            static_cast<int>(of_range.front().time_at.size()));
  chart.selection.setScope(FigureScope::Trace);
  EXPECT_EQ(scope->text().toStdString(), "Whole trace");
  EXPECT_EQ(total(), 1000);
}

TEST(SmView, TheOldPictureStaysUntilTheNewAnalysisIsThere) {
  test::ChartDocument chart;
  SmView view(chart.document, chart.selection);
  chart.document.setTrace(chart.trace, {"again.json"});
  EXPECT_EQ(view.chartInput().devices.size(), 1U);
}

}  // namespace
}  // namespace moescope
