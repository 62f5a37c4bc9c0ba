#include "views/overlap/overlap_view.h"

#include <gtest/gtest.h>

#include <QSignalSpy>
#include <QTabWidget>
#include <QTableWidget>

#include "core/import/importer.h"
#include "tests/gui/chart_document.h"
#include "tests/gui/wait_for.h"
#include "tests/support/data.h"
#include "tests/support/trace_maker.h"
#include "views/overlap/figures.h"
#include "views/overlap/overlap_tables.h"

namespace moescope {
namespace {

using test::wait_for;

/// Exact value of the figure with this JSON key in a row of the table of figures.
QString figure_in(const OverlapView& view, const QString& key, int row = 0) {
  const auto* table = view.findChild<QTableWidget*>("overlapFigures");
  const auto& definitions = figure_definitions();
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    if (definitions[i].key == key)
      return dynamic_cast<const FigureItem*>(table->item(row, static_cast<int>(i) + 1))->exact();
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
  OverlapView view(chart.document, chart.selection);
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
  OverlapView view(chart.document, chart.selection);
  chart.selection.setRange({500, 700});
  QSignalSpy spy(&view, &OverlapView::figuresChanged);
  chart.selection.setScope(FigureScope::Visible);
  ASSERT_TRUE(!view.busy() || spy.wait(5000));
  EXPECT_EQ(figure_in(view, "comm_ns"), "200");
  EXPECT_EQ(figure_in(view, "exposed_comm_ns"), "100");
  ASSERT_TRUE(view.chartInput().window.has_value());
  EXPECT_EQ(*view.chartInput().window, (TimeRange{500, 700}));
}

TEST(OverlapView, NextExposedShowsAndSelectsTheInterval) {
  test::ChartDocument chart;
  OverlapView view(chart.document, chart.selection);
  view.showNextExposed();
  ASSERT_TRUE(chart.selection.area().has_value());
  EXPECT_EQ(chart.selection.area()->range, (TimeRange{600, 800}));
  EXPECT_LE(chart.selection.range().begin, 600);
  EXPECT_GE(chart.selection.range().end, 800);
}

TEST(OverlapView, TheProcessFilterHidesOtherDevices) {
  test::ChartDocument chart;
  OverlapView view(chart.document, chart.selection);
  chart.selection.setProcessFilter(ProcessId{7});
  EXPECT_EQ(view.findChild<QTableWidget*>("overlapFigures")->rowCount(), 0);
  chart.selection.setProcessFilter({});
  EXPECT_EQ(view.findChild<QTableWidget*>("overlapFigures")->rowCount(), 1);
}

TEST(OverlapView, TsvHasUnitsAndPlainNumbers) {
  test::ChartDocument chart;
  OverlapView view(chart.document, chart.selection);
  const QString text = figure_table_tsv(*view.findChild<QTableWidget*>("overlapFigures"));
  EXPECT_TRUE(text.startsWith("Device\tExposed communication (ns)\tOverlap (%)"));
  EXPECT_TRUE(text.contains("<rank & 0> > GPU 0 (Test GPU)\t200\t50.0000\t200\t400"));
}

TEST(OverlapView, FiguresOfTheSelectedAreaGoWithIt) {
  test::ChartDocument chart;
  OverlapView view(chart.document, chart.selection);
  chart.selection.setArea(AreaSelection{{400, 600}, {0}});
  QSignalSpy spy(&view, &OverlapView::figuresChanged);
  chart.selection.setScope(FigureScope::Selected);
  ASSERT_TRUE(spy.wait(5000));
  EXPECT_EQ(view.findChild<QLabel*>("overlapScope")->text(),
            "Selected area, 200 ns, all streams of its devices");
  EXPECT_EQ(figure_in(view, "overlap_ns"), "200");
  EXPECT_EQ(figure_in(view, "exposed_comm_ns"), "0");
  chart.selection.clearSelection();
  EXPECT_EQ(view.findChild<QLabel*>("overlapScope")->text(), "Whole trace");
  EXPECT_FALSE(view.chartInput().window.has_value());
  EXPECT_EQ(figure_in(view, "exposed_comm_ns"), "200");
}

/// Layer 1 launches the dispatch that is exposed for 100 ns, layer 2 the one exposed for 50.
struct LayerDocument {
  LayerDocument() {
    trace = test::make_trace({{"layer 1", 0, 100, 1, SpanKind::Annotation},
                              {"layer 2", 100, 100, 1, SpanKind::Annotation},
                              {"cudaLaunchKernel", 10, 5, 1, SpanKind::Runtime, 1},
                              {"cudaLaunchKernel", 110, 5, 1, SpanKind::Runtime, 2},
                              {"deep_ep::dispatch", 1000, 100, 7, SpanKind::Kernel, 1},
                              {"deep_ep::dispatch", 2000, 100, 7, SpanKind::Kernel, 2},
                              {"gemm", 2050, 50, 8, SpanKind::Kernel, 3}});
    selection.reset(trace->range());
    document.setTrace(trace, {"layers"});
    document.setAnalysis(analyze_document(*trace, RuleSet::built_in()));
  }
  TracePtr trace;
  TraceDocument document;
  Selection selection;
};

TEST(OverlapView, EveryTableIsOfTheChosenScope) {
  LayerDocument layers;
  OverlapView view(layers.document, layers.selection);
  auto* exposed = view.findChild<QTableWidget*>("overlapExposed");
  const auto* scopes = view.findChild<QTableWidget*>("overlapScopes");
  EXPECT_EQ(exposed->rowCount(), 2);
  layers.selection.setArea(AreaSelection{{2000, 2040}, {}});
  layers.selection.setScope(FigureScope::Selected);
  ASSERT_TRUE(wait_for([&] { return view.chartInput().window.has_value(); }));
  ASSERT_EQ(exposed->rowCount(), 1) << "the one outside is not listed";
  EXPECT_EQ(dynamic_cast<FigureItem*>(exposed->item(0, 1))->exact(), "2000");
  EXPECT_EQ(dynamic_cast<FigureItem*>(exposed->item(0, 2))->exact(), "40") << "cut to the area";
  EXPECT_EQ(figure_in(view, "exposed_comm_ns"), "40") << "the sum of the list";
  for (int row = 0; row < scopes->rowCount(); ++row)
    EXPECT_EQ(scopes->item(row, 1)->text().right(1), "2");
  Q_EMIT exposed->cellClicked(0, 0);
  EXPECT_EQ(layers.selection.area()->range, (TimeRange{2000, 2040})) << "the scope stays";
  EXPECT_LE(layers.selection.range().begin, 2000);
  EXPECT_EQ(exposed->rowCount(), 1);
}

TEST(OverlapView, InTheVisibleRangeSteppingMarksWhatIsSeen) {
  LayerDocument layers;
  OverlapView view(layers.document, layers.selection);
  layers.selection.setRange({900, 1500});
  layers.selection.setScope(FigureScope::Visible);
  ASSERT_TRUE(wait_for([&] { return view.chartInput().window.has_value(); }));
  EXPECT_EQ(view.findChild<QTableWidget*>("overlapExposed")->rowCount(), 1);
  view.showNextExposed();
  ASSERT_TRUE(layers.selection.area());
  EXPECT_EQ(layers.selection.area()->range, (TimeRange{1000, 1100}));
  EXPECT_EQ(layers.selection.range(), (TimeRange{900, 1500}));
}

TEST(OverlapView, LongestExposedShowsKernelLayerAndAReadableLength) {
  LayerDocument layers;
  OverlapView view(layers.document, layers.selection);
  view.resize(900, 400);
  view.show();
  view.findChild<QTabWidget*>("overlapTabs")->setCurrentIndex(2);
  auto* exposed = view.findChild<QTableWidget*>("overlapExposed");
  ASSERT_TRUE(wait_for([&] { return exposed->item(0, 3)->text() == "dispatch"; }));
  EXPECT_EQ(exposed->horizontalHeaderItem(1)->text(), QString::fromUtf8("Start (µs)"));
  EXPECT_EQ(exposed->item(0, 1)->text(), "1");
  EXPECT_EQ(exposed->item(0, 2)->text(), "100 ns");
  EXPECT_EQ(exposed->item(0, 4)->text(), "1") << "layer";
  EXPECT_EQ(exposed->item(1, 4)->text(), "2");
  EXPECT_EQ(exposed->item(0, 5)->text(), QString::fromUtf8("—")) << "no micro-batch is named";
  const QString copy = figure_table_tsv(*exposed);
  EXPECT_TRUE(copy.startsWith("Device\tStart (ns)\tLength (ns)\tCommunication"))
      << copy.toStdString();
}

TEST(OverlapView, WhileTheTraceIsAnalysedItDoesNotSayThatNoneIsOpen) {
  LayerDocument layers;
  layers.document.setTrace(layers.trace, {"again"});  // its analysis is not there
  OverlapView view(layers.document, layers.selection);
  EXPECT_TRUE(view.chartInput().awaited);
  layers.document.setAnalysis(analyze_document(*layers.trace, RuleSet::built_in()));
  EXPECT_FALSE(view.chartInput().awaited);
}

TEST(OverlapView, AClickOnALayerGoesToItsExposedCommunication) {
  LayerDocument layers;
  OverlapView view(layers.document, layers.selection);
  auto* scopes = view.findChild<QTableWidget*>("overlapScopes");
  const auto row_of = [&](const QString& name) {
    for (int r = 0; r < scopes->rowCount(); ++r)
      if (scopes->item(r, 0)->text() == "layer" && scopes->item(r, 1)->text() == name) return r;
    return -1;
  };
  ASSERT_GE(row_of("2"), 0);
  EXPECT_LT(row_of("1"), row_of("2")) << "the most exposed is on top";
  Q_EMIT scopes->cellClicked(row_of("2"), 0);
  ASSERT_TRUE(layers.selection.area());
  EXPECT_EQ(layers.selection.area()->range, (TimeRange{2000, 2050}));
  EXPECT_EQ(layers.selection.area()->tracks.size(), 2U) << "the streams of the device";
  auto* exposed = view.findChild<QTableWidget*>("overlapExposed");
  EXPECT_EQ(exposed->rowCount(), 1);
  Q_EMIT scopes->cellClicked(row_of("1"), 0);
  EXPECT_EQ(layers.selection.area()->range, (TimeRange{1000, 1100}));
  auto* devices = view.findChild<QTableWidget*>("overlapFigures");
  Q_EMIT devices->cellClicked(0, 0);
  EXPECT_EQ(exposed->rowCount(), 2);
  EXPECT_EQ(layers.selection.area()->range, (TimeRange{1000, 1100})) << "the longest";
}

TEST(OverlapView, ReferenceTraceShowsTheReferenceFigures) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  TraceBuilder builder;
  Progress progress;
  find_importer("kineto")->import(probe_file(test::shared_data("deepseek_v3_train_rank0.json")),
                                  builder, {}, progress);
  TraceDocument document;
  Selection selection;
  const TracePtr trace = builder.snapshot();
  selection.reset(trace->range());
  document.setTrace(trace, {"reference"});
  document.setAnalysis(analyze_document(*trace, RuleSet::built_in(), no_progress()));
  OverlapView view(document, selection);
  EXPECT_EQ(figure_in(view, "exposed_comm_ns"), "4190000");
  EXPECT_EQ(figure_in(view, "overlap_ns"), "109250000");
  EXPECT_EQ(figure_in(view, "overlap_pct"), "96.3064");
  EXPECT_EQ(figure_in(view, "comm_wait_ns"), "32578000");
  EXPECT_EQ(figure_in(view, "idle_ns"), "497000");
}

}  // namespace
}  // namespace moescope
