#include "views/overlap/overlap_view.h"

#include <gtest/gtest.h>

#include <QSignalSpy>
#include <QTableWidget>

#include "core/import/importer.h"
#include "tests/gui/chart_document.h"
#include "tests/support/data.h"
#include "views/overlap/figures.h"

namespace moescope {
namespace {

/// Text of the figure with this JSON key in a row of the table of figures.
QString figure_in(const OverlapView& view, const QString& key, int row = 0) {
  const auto* table = view.findChild<QTableWidget*>("overlapFigures");
  const auto& definitions = figure_definitions();
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    if (definitions[i].key == key) return table->item(row, static_cast<int>(i) + 1)->text();
  }
  return {};
}

TEST(OverlapChart, PartsSumToTheSpan) {
  const test::ChartDocument chart;
  const OverlapParts parts = overlap_parts(chart.results->overlap.front().figures);
  EXPECT_EQ(parts.compute_only, 400);
  EXPECT_EQ(parts.both, 200);
  EXPECT_EQ(parts.exposed, 200);
  EXPECT_EQ(parts.memory_only, 1);
  EXPECT_EQ(parts.idle, 199);
}

TEST(OverlapView, EveryFigureHasATooltipWithItsDefinition) {
  test::ChartDocument chart;
  OverlapView view(chart.document, chart.context);
  const auto* table = view.findChild<QTableWidget*>("overlapFigures");
  ASSERT_EQ(table->rowCount(), 1);
  for (std::size_t i = 0; i < figure_definitions().size(); ++i) {
    const QString tip = table->item(0, static_cast<int>(i) + 1)->toolTip();
    EXPECT_TRUE(tip.contains(figure_definitions()[i].definition));
  }
  EXPECT_EQ(figure_in(view, "exposed_comm_ns"), "200");
  EXPECT_EQ(figure_in(view, "overlap_pct"), "50.0000");
}

TEST(OverlapView, TheVisibleRangeHasFiguresOfItsOwnAndThePictureSaysSo) {
  test::ChartDocument chart;
  OverlapView view(chart.document, chart.context);
  chart.context.setRange({500, 700});
  view.showVisibleRange();
  QSignalSpy spy(&view, &OverlapView::figuresChanged);
  ASSERT_TRUE(!view.busy() || spy.wait(5000));
  EXPECT_EQ(figure_in(view, "comm_ns"), "200");
  EXPECT_EQ(figure_in(view, "exposed_comm_ns"), "100");
  ASSERT_TRUE(view.chartInput().window.has_value());
  EXPECT_EQ(*view.chartInput().window, (TimeRange{500, 700}));
}

TEST(OverlapView, NextExposedShowsAndSelectsTheInterval) {
  test::ChartDocument chart;
  OverlapView view(chart.document, chart.context);
  view.showNextExposed();
  ASSERT_TRUE(chart.context.area().has_value());
  EXPECT_EQ(chart.context.area()->range, (TimeRange{600, 800}));
  EXPECT_LE(chart.context.range().begin, 600);
  EXPECT_GE(chart.context.range().end, 800);
}

TEST(OverlapView, TheProcessFilterHidesOtherDevices) {
  test::ChartDocument chart;
  OverlapView view(chart.document, chart.context);
  chart.context.setProcessFilter(ProcessId{7});
  EXPECT_EQ(view.findChild<QTableWidget*>("overlapFigures")->rowCount(), 0);
  chart.context.setProcessFilter({});
  EXPECT_EQ(view.findChild<QTableWidget*>("overlapFigures")->rowCount(), 1);
}

TEST(OverlapView, TsvHasUnitsAndPlainNumbers) {
  test::ChartDocument chart;
  OverlapView view(chart.document, chart.context);
  const QString text = view.tableTsv(*view.findChild<QTableWidget*>("overlapFigures"));
  EXPECT_TRUE(text.startsWith("Device\tExposed communication (ns)\tOverlap (%)"));
  EXPECT_TRUE(text.contains("<rank & 0> > GPU 0 (Test GPU)\t200\t50.0000\t200\t400"));
}

TEST(OverlapView, ReferenceTraceShowsTheReferenceFigures) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  TraceBuilder builder;
  Progress progress;
  kineto_importer().import(probe_file(test::shared_data("deepseek_v3_train_rank0.json")), builder,
                           {}, progress);
  Document document;
  ViewContext context;
  const TracePtr trace = builder.snapshot();
  context.reset(trace->range());
  document.setTrace(trace, {"reference"});
  document.setAnalysis(analyze_document(*trace, RuleSet::built_in(), no_progress()));
  OverlapView view(document, context);
  EXPECT_EQ(figure_in(view, "exposed_comm_ns"), "4,190,000");
  EXPECT_EQ(figure_in(view, "overlap_ns"), "109,250,000");
  EXPECT_EQ(figure_in(view, "overlap_pct"), "96.3064");
  EXPECT_EQ(figure_in(view, "comm_wait_ns"), "32,578,000");
  EXPECT_EQ(figure_in(view, "idle_ns"), "497,000");
}

}  // namespace
}  // namespace moescope
