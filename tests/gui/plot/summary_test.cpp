// What screen readers are told of charts: every view that draws says its figures.
#include "views/plot/summary.h"

#include <gmock/gmock.h>

#include <QAccessible>
#include <map>
#include <set>

#include "tests/gui/chart_document.h"
#include "tests/gui/plan/plan_fixture.h"
#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"
#include "views/load/heat/heat_map.h"
#include "views/load/series_chart.h"
#include "views/overlap/overlap_view.h"
#include "views/plan/compare/compare_chart.h"
#include "views/plot/chart.h"
#include "views/requests/requests_view.h"
#include "views/sm/sm_file_chart.h"
#include "views/views.h"

namespace moescope {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsSupersetOf;

std::string told(QWidget& widget, QAccessible::Text kind) {
  return QAccessible::queryAccessibleInterface(&widget)->text(kind).toStdString();
}

/// The widget and those in it that are charts.
std::vector<QWidget*> charts_of(QWidget& view) {
  std::vector<QWidget*> found;
  QList<QWidget*> all = view.findChildren<QWidget*>();
  all.prepend(&view);
  for (QWidget* widget : all)
    if (dynamic_cast<Summarised*>(widget) != nullptr) found.push_back(widget);
  return found;
}

/// Everything that a view could show: a trace with SM records, loads, logs, a plan.
class AllCharts : public testing::Test {
 protected:
  AllCharts() {
    const TracePtr trace =
        test::make_trace({{"deep_ep::dispatch", 0, 200, 7, SpanKind::Kernel, 5},
                          {"deep_gemm::m_grouped_gemm", 100, 300, 8, SpanKind::Kernel, 6}},
                         10, {{0, 100, 0, 0, 3, 5}, {50, 200, 0, 0, 6, 5}});
    workspace.trace().setTrace(trace, {"made.json"});
    workspace.trace().setAnalysis(analyze_document(*trace, RuleSet::built_in()));
    workspace.selection().setCursor(60);
    Progress progress;
    workspace.loads().setLoads(test::plan_loads(), {"loads.json"});
    workspace.loads().setBalanceLog(std::make_shared<const BalanceLog>(
        parse_balance_log("[Expert Balancedness] forward_pass_id=7 current_pass_balancedness=0.5\n",
                          "s.log", progress)));
    workspace.loads().setWaitLog(std::make_shared<const WaitLog>(
        parse_wait_log("[t] rank=0 [1 2]\n[t] rank=1 [3 4]\n", "w.log", progress)));
    workspace.plan().open(test::small_plan(), {}, {}, "test plan");
    workspace.plan().setBefore(test::small_plan(), "an earlier state");
  }
  static ServingPtr serving() {
    auto made = std::make_shared<Serving>();
    ServedRequest request;
    request.ttft = 20;
    request.done = 150;
    made->requests.push_back(request);
    return made;
  }
  Workspace workspace;
};

TEST_F(AllCharts, EveryChartOfEveryViewHasANameAndADescriptionWithItsFigures) {
  std::map<std::string, std::size_t> charts;
  for (const ViewSpec& spec : all_views()) {
    const std::unique_ptr<QWidget> view(spec.make(workspace));
    if (auto* requests = dynamic_cast<RequestsView*>(view.get())) requests->setServing(serving());
    for (QWidget* chart : charts_of(*view)) {
      const std::string which = spec.id.toStdString() + ": " + chart->metaObject()->className() +
                                ' ' + chart->objectName().toStdString();
      EXPECT_NE(told(*chart, QAccessible::Name), "") << which;
      // Some are made by jobs.
      EXPECT_TRUE(test::wait_for([&] {
        const std::string text = told(*chart, QAccessible::Description);
        return std::any_of(text.begin(), text.end(),
                           [](unsigned char c) { return std::isdigit(c); });
      })) << which
          << ": " << told(*chart, QAccessible::Description);
      ++charts[spec.id.toStdString()];
    }
  }
  std::set<std::string> views;
  for (const auto& [id, count] : charts) views.insert(id);
  EXPECT_THAT(views,
              IsSupersetOf({"timeline", "sm", "overlap", "load", "balance", "plan", "requests"}));
  EXPECT_GE(charts["timeline"], 3U) << "the view, its lanes, its overview";
  EXPECT_GE(charts["sm"], 4U) << "the view, over time, the grid, the pairs";
  EXPECT_GE(charts["balance"], 7U) << "the view, four charts, two logs";
}

TEST_F(AllCharts, WithoutDataTheDescriptionSaysWhy) {
  Workspace empty;
  for (const ViewSpec& spec : all_views()) {
    const std::unique_ptr<QWidget> view(spec.make(empty));
    for (QWidget* chart : charts_of(*view)) {
      EXPECT_NE(told(*chart, QAccessible::Name), "") << spec.id.toStdString();
      EXPECT_NE(told(*chart, QAccessible::Description), "")
          << spec.id.toStdString() << ' ' << chart->metaObject()->className();
    }
  }
}

TEST(Summary, OfSmsIsTheMeanByClassOverTheVisibleRange) {
  const test::ChartDocument chart;
  Progress progress;
  const SmFileChart whole(chart.trace, chart.results, {0, 1000}, progress);
  EXPECT_THAT(whole.summary().toStdString(),
              AllOf(HasSubstr("10 SMs"), HasSubstr("communication: dispatch 0.8"),
                    HasSubstr("expert 4.8"), HasSubstr("free 4.4"), HasSubstr("inferred")));
  const SmFileChart part(chart.trace, chart.results, {400, 600}, progress);
  EXPECT_THAT(part.summary().toStdString(),
              AllOf(HasSubstr("dispatch 2.0"), HasSubstr("free 0.0")));
}

TEST(Summary, OfOverlapHasTheFiguresOfEveryDevice) {
  test::ChartDocument chart;
  const OverlapView view(chart.document, chart.selection);
  EXPECT_THAT(view.summary().toStdString(),
              AllOf(HasSubstr("Test GPU"), HasSubstr("exposed 200 ns"),
                    HasSubstr("50.0 % of communication overlapped")));
}

SeriesPicture made_series() {
  SeriesPicture picture;
  picture.title = "Imbalance of layers";
  picture.x_name = "Layer";
  picture.y_name = "max / mean";
  picture.places = 20;
  picture.x_label = [](int place) { return QString::number(place + 3); };
  picture.series.push_back({"now", ChartSeries::Style::Bars, ChartSeries::Role::Now, {}});
  for (int p = 0; p < 20; ++p) picture.series.back().values.push_back(p == 4 ? 3.0 : 1.0);
  picture.series.back().values[7] = std::numeric_limits<double>::quiet_NaN();
  return picture;
}

TEST(Summary, OfSeriesSaysLowestHighestAndMeanOfWhatIsKnown) {
  EXPECT_EQ(series_summary(made_series()).toStdString(),
            "Imbalance of layers. max / mean by Layer, 20 in all. now: lowest 1.000 (Layer 3), "
            "highest 3.000 (Layer 7), mean 1.105.");
}

TEST(Summary, OfAChartBeginsWithWhatIsSelected) {
  SeriesChart chart;
  chart.setPicture(std::make_shared<const SeriesPicture>(made_series()));
  chart.setSelected(4);
  EXPECT_THAT(told(chart, QAccessible::Description), testing::StartsWith("Layer 7\nnow: 3.000\n"));
  EXPECT_THAT(told(chart, QAccessible::Description), HasSubstr("mean 1.105"));
}

TEST(Summary, OfAHeatmapSaysWhereItsExtremesAre) {
  HeatPicture picture;
  picture.title = "Tokens";
  picture.note = "all windows";
  picture.value_name = "tokens";
  picture.values = LoadMatrix(2, 3);
  picture.values.values = {5, 1, std::numeric_limits<double>::quiet_NaN(), 7, 9, 3};
  picture.rows = {"Layer", [](int row) { return QString::number(row + 10); }};
  picture.columns = {"Expert", [](int column) { return QString::number(column); }};
  finish_heat_picture(picture, HeatScale::Linear);
  EXPECT_EQ(heat_summary(picture).toStdString(),
            "Tokens. all windows. Layer by Expert, 2 by 3 cells. tokens: lowest 1 (Layer 10, "
            "Expert 1), highest 9 (Layer 11, Expert 1), mean 5.");
}

TEST(Summary, OfAComparisonHasBeforeAndAfter) {
  std::vector<CompareLayer> layers(2);
  layers[0].id = 3;
  layers[0].before = 1.5;
  layers[0].after = 1.25;
  layers[1].id = 4;
  layers[1].before = 2.5;
  EXPECT_EQ(comparison_summary(layers, "Two plans.").toStdString(),
            "Two plans. before: lowest 1.5000 (layer 3), highest 2.5000 (layer 4), mean 2.0000. "
            "after: lowest 1.2500 (layer 3), highest 1.2500 (layer 3), mean 1.2500.");
  EXPECT_EQ(comparison_summary({}, "Two plans.").toStdString(), "No plans to compare.");
}

TEST(Summary, OfRequestsHasLatenciesAndShare) {
  auto serving = std::make_shared<Serving>();
  ServedRequest request;
  request.ttft = 20'000'000;
  request.tpot = 5'000'000;
  request.output = 4;
  request.done = 900'000'000;
  serving->requests.push_back(request);
  const RequestsChartInput input{
      serving, serving_windows(*serving, {}, 1'000'000'000), {}, {0, 1'000'000'000}};
  EXPECT_THAT(requests_summary(input).toStdString(),
              AllOf(HasSubstr("1 request done"), HasSubstr("20.0 ms"), HasSubstr("5.00 ms"),
                    HasSubstr("100.0 % within targets")));
  EXPECT_THAT(requests_text_at(input, 500'000'000).toStdString(), HasSubstr("output 4 tokens/s"));
  EXPECT_EQ(requests_text_at(input, 5'000'000'000), QString());
}

}  // namespace
}  // namespace moescope
