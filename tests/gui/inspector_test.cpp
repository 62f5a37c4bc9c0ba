// The inspector: what it says of spans, areas, steps, ranks, experts and GPUs, and where it leads.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

#include "tests/gui/load/load_fixture.h"
#include "tests/gui/wait_for.h"
#include "tests/support/flow_trace.h"
#include "tests/support/trace_maker.h"
#include "views/details/details_panel.h"

namespace moescope {
namespace {

using test::wait_for;

/// A call that launches a kernel, a dispatch, and a copy; a long host operator.
TracePtr launched_trace() {
  return test::make_trace({{"aten::linear", 0, 90'000, 1, SpanKind::CpuOp},
                           {"cudaLaunchKernel", 100, 50, 1, SpanKind::Runtime, 1},
                           {"flash_fwd_kernel", 1000, 500, 7, SpanKind::Kernel, 1},
                           {"deep_ep::dispatch", 1400, 400, 8, SpanKind::Kernel, 2},
                           {"deep_ep::dispatch", 2000, 300, 8, SpanKind::Kernel, 2},
                           {"Memcpy HtoD", 3000, 100, 8, SpanKind::Memcpy, 3}});
}

/// A collective that two ranks run, 100 ns apart; `args` are those of its kernels.
TracePtr two_ranks(const std::string& args = "") {
  TraceBuilder builder;
  for (const int rank : {0, 1}) {
    const ProcessId process =
        builder.add_process({.label = "rank " + std::to_string(rank), .rank = rank});
    const TrackId track = builder.add_track({.process = process,
                                             .type = TrackType::DeviceStream,
                                             .device = 0,
                                             .id = 7,
                                             .name = "stream 7"});
    SpanBatch batch;
    Span span;
    span.start = 1000 + rank * 100;
    span.duration = 500;
    span.name = builder.strings().intern("ncclDevKernel_AllReduce");
    span.kind = SpanKind::Kernel;
    batch.columns.push_back(span);
    batch.args_text = args;
    batch.args_offsets = {0, static_cast<std::uint32_t>(args.size())};
    builder.append(track, std::move(batch));
  }
  return builder.snapshot();
}

/// Layers 3 and 5 in steps 7 and 8, one kernel each; the second of step 8 is slow.
TracePtr two_steps() {
  std::vector<test::MadeSpan> spans;
  std::uint32_t launch = 0;
  TimeNs t = 0;
  for (const int step : {7, 8}) {
    spans.push_back({"ProfilerStep#" + std::to_string(step), t, 190, 1, SpanKind::Annotation});
    for (const int layer : {3, 5}) {
      const TimeNs length = step == 8 && layer == 5 ? 400 : 100;
      spans.push_back(
          {"layer " + std::to_string(layer) + " mb1", t + 1, 50, 1, SpanKind::Annotation});
      spans.push_back({"cudaLaunchKernel", t + 2, 2, 1, SpanKind::Runtime, ++launch});
      spans.push_back({"deep_ep::dispatch", 1000 + 5 * t, length, 7, SpanKind::Kernel, launch});
      t += 100;
    }
  }
  return test::make_trace(spans);
}

struct OpenDocument {
  explicit OpenDocument(TracePtr trace) {
    document.setTrace(trace, {"made"});
    document.setAnalysis(analyze_document(*trace, RuleSet::built_in()));
  }
  SpanRef find(const std::string& name) const {
    const Trace& trace = *document.trace();
    for (TrackId track = 0; track < trace.tracks().size(); ++track)
      for (std::uint32_t i = 0; i < trace.span_count(track); ++i)
        if (trace.name({track, i}) == name) return {track, i};
    return {};
  }
  Workspace workspace;
  TraceDocument& document = workspace.trace();
  Selection& selection = workspace.selection();
};

QModelIndex row_of(const QAbstractItemModel& model, const QString& property) {
  return model
      .match(model.index(0, 0), Qt::DisplayRole, property, 1, Qt::MatchExactly | Qt::MatchRecursive)
      .value(0);
}

/// The value of the first row of a name, "absent" without one.
std::string value_of(const DetailsPanel& panel, const QString& property) {
  const QModelIndex row = row_of(panel.model(), property);
  return row.isValid() ? row.siblingAtColumn(1).data().toString().toStdString() : "absent";
}

void settle(const DetailsPanel& panel) {
  ASSERT_TRUE(wait_for([&] { return !panel.busy(); }));
}

TEST(Inspector, aKernelLeadsToItsLaunchAndBack) {
  OpenDocument open(launched_trace());
  DetailsPanel panel(open.workspace);
  panel.resize(400, 400);
  panel.show();
  open.selection.selectSpan(open.find("flash_fwd_kernel"));
  ASSERT_TRUE(wait_for([&] { return row_of(panel.model(), "Launched by").isValid(); }));
  const QModelIndex launch = row_of(*panel.shownModel(), "Launched by").siblingAtColumn(1);
  EXPECT_TRUE(launch.data().toString().startsWith("cudaLaunchKernel"));
  QTest::mouseClick(panel.tree()->viewport(), Qt::LeftButton, {},
                    panel.tree()->visualRect(launch).center());
  EXPECT_EQ(open.selection.currentSpan(), open.find("cudaLaunchKernel"));
  const QModelIndex kernel = row_of(*panel.shownModel(), "Launched").siblingAtColumn(1);
  ASSERT_TRUE(kernel.data().toString().startsWith("flash_fwd_kernel"));
  Q_EMIT panel.tree()->activated(kernel);
  EXPECT_EQ(open.selection.currentSpan(), open.find("flash_fwd_kernel"));
}

TEST(Inspector, peersThatAreGuessedByOrderAreMarked) {
  OpenDocument open(two_ranks());
  DetailsPanel panel(open.workspace);
  open.selection.selectSpan({0, 0});
  const QString guessed = QString::fromUtf8("• On other ranks (guessed)");
  ASSERT_TRUE(wait_for([&] { return row_of(panel.model(), guessed).isValid(); }));
  const QModelIndex value = row_of(panel.model(), guessed).siblingAtColumn(1);
  EXPECT_TRUE(value.data(Qt::ToolTipRole).toString().contains("by order only"));
}

TEST(Inspector, aCollectiveLeadsToTheOtherRanks) {
  OpenDocument open(two_ranks(
      R"({"Collective name":"allreduce","Process Group Name":"ep","Process Group Ranks":"[0, 1]","Seq":1})"));
  DetailsPanel panel(open.workspace);
  open.selection.selectSpan({0, 0});
  ASSERT_TRUE(wait_for([&] { return row_of(panel.model(), "On other ranks").isValid(); }));
  Q_EMIT panel.tree()->activated(row_of(*panel.shownModel(), "On other ranks").siblingAtColumn(1));
  EXPECT_EQ(open.selection.currentSpan(), (SpanRef{1, 0}));
}

TEST(Inspector, aDispatchLeadsToItsExpertsOnAllRanks) {
  const test::MadeFlow made = test::make_flow({});
  OpenDocument open(made.trace);
  DetailsPanel panel(open.workspace);
  open.selection.selectSpan(made.spans.at({0, 0, 1, 0, 1}));
  ASSERT_TRUE(wait_for([&] { return row_of(panel.model(), "Expert work").isValid(); }));
  settle(panel);
  EXPECT_EQ(value_of(panel, "Way of the tokens"), "over 2 ranks; the trace has 2 of 8");
  EXPECT_EQ(value_of(panel, "Expert work"), "2 spans");
  const QModelIndex group = row_of(*panel.shownModel(), "Expert work");
  Q_EMIT panel.tree()->activated(panel.shownModel()->index(1, 1, group));
  EXPECT_EQ(open.selection.currentSpan(), made.spans.at({1, 1, 1, 0, 1}));
}

TEST(Inspector, saysWhyTheWayOfTokensIsNotKnown) {
  const test::MadeFlow made = test::make_flow({.arguments = false});
  OpenDocument open(made.trace);
  DetailsPanel panel(open.workspace);
  open.selection.selectSpan(made.spans.at({0, 0, 1, 0, 1}));
  ASSERT_TRUE(wait_for([&] { return row_of(panel.model(), "Way of the tokens").isValid(); }));
  EXPECT_EQ(value_of(panel, "Way of the tokens"),
            "not known: nothing in the trace says of which layer it is");
}

TEST(Inspector, anotherTraceForgetsTheJoinsOfTheOneBefore) {
  OpenDocument open(launched_trace());
  DetailsPanel panel(open.workspace);
  open.selection.selectSpan(open.find("flash_fwd_kernel"));
  const TracePtr other = two_ranks();
  open.document.setTrace(other, {"other"});
  open.document.setAnalysis(analyze_document(*other, RuleSet::built_in()));
  open.selection.selectSpan({0, 0});
  ASSERT_TRUE(wait_for([&] {
    return row_of(panel.model(), QString::fromUtf8("• On other ranks (guessed)")).isValid();
  }));
  EXPECT_FALSE(row_of(panel.model(), "Launched by").isValid());
}

TEST(Inspector, theModelKeepsTheRulesOfModels) {
  OpenDocument open(two_ranks(R"({"Group":{"Ranks":[0,1],"Name":"ep"},"Seq":1})"));
  Progress progress;
  const auto flow = std::make_shared<const FlowIndex>(*open.document.trace(),
                                                      *open.document.analysis()->classes, progress);
  DetailsModel model;
  const QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  const auto show = [&](SpanRef ref, std::shared_ptr<const FlowIndex> of) {
    const SpanContext context{open.document.analysis(), std::move(of), nullptr, nullptr};
    model.showSpan(read_span_details(open.document.trace(), ref, context), {0, 10000});
  };
  show({0, 0}, flow);
  EXPECT_TRUE(row_of(model, "Ranks").isValid()) << "arguments are a tree";
  EXPECT_TRUE(model.toText().contains("    Name\tep\n")) << model.toText().toStdString();
  show({1, 0}, nullptr);
  EXPECT_FALSE(row_of(model, QString::fromUtf8("• On other ranks (guessed)")).isValid());
  model.clear();
  EXPECT_EQ(model.rowCount(), 0);
}

TEST(Inspector, saysWhatOfASpanIsExposedAndWhatComputeHides) {
  OpenDocument open(launched_trace());
  DetailsPanel panel(open.workspace);
  open.selection.selectSpan(open.find("deep_ep::dispatch"));
  settle(panel);
  EXPECT_EQ(value_of(panel, "Exposed"), "300 ns (75.0 %)") << "1400 to 1500 is beside compute";
  EXPECT_EQ(value_of(panel, "Hides"), "absent");
  open.selection.selectSpan(open.find("flash_fwd_kernel"));
  settle(panel);
  EXPECT_EQ(value_of(panel, "Hides"), "100 ns (20.0 %)");
  EXPECT_EQ(value_of(panel, "Launch delay"), "900 ns");
  EXPECT_EQ(value_of(panel, "Exposed"), "absent");
}

TEST(Inspector, setsASpanAgainstThoseOfItsNameAndAgainstTheVisibleRange) {
  OpenDocument open(launched_trace());
  DetailsPanel panel(open.workspace);
  const SpanRef first = open.find("deep_ep::dispatch");
  open.selection.setRange({1000, 2000});
  open.selection.selectSpan({first.track, first.index + 1});
  settle(panel);
  EXPECT_EQ(value_of(panel, "Same name"), "2 spans");
  EXPECT_EQ(value_of(panel, "Total"), "700 ns");
  EXPECT_EQ(value_of(panel, "p50, p95"), "300 ns, 400 ns");
  EXPECT_EQ(value_of(panel, "This one"), "number 2 of 2");
  EXPECT_EQ(value_of(panel, "Of the visible range"), "not visible");
  open.selection.setRange({2000, 3000});
  EXPECT_EQ(value_of(panel, "Of the visible range"), QString("30.0 % of 1.00 µs").toStdString());
  Q_EMIT panel.tree()->activated(row_of(*panel.shownModel(), "Longest"));
  EXPECT_EQ(open.selection.currentSpan(), first);
  EXPECT_EQ(value_of(panel, "This one"), "the longest");
}

TEST(Inspector, namesTheRankThatCameLast) {
  OpenDocument open(two_ranks());
  DetailsPanel panel(open.workspace);
  open.selection.selectSpan({0, 0});
  settle(panel);
  const QString last = QString::fromUtf8("• Came last");
  EXPECT_EQ(value_of(panel, last), "rank 1, 100 ns later");
  Q_EMIT panel.tree()->activated(row_of(*panel.shownModel(), last));
  EXPECT_EQ(open.selection.currentSpan(), (SpanRef{1, 0}));
  EXPECT_EQ(value_of(panel, last), "this one, 100 ns after the first");
}

TEST(Inspector, explainsAMarkedAreaAndGoesBackToTheSpan) {
  OpenDocument open(launched_trace());
  DetailsPanel panel(open.workspace);
  open.selection.selectSpan(open.find("flash_fwd_kernel"));
  open.selection.setArea(AreaSelection{{1450, 1600}, {}});
  settle(panel);
  EXPECT_EQ(panel.title(), "Selected area");
  EXPECT_EQ(value_of(panel, "Exposed"), "100 ns (66.7 %)");
  EXPECT_EQ(value_of(panel, "Hidden"), "50 ns (33.3 %)");
  EXPECT_EQ(value_of(panel, "Busy"), "150 ns (100.0 %)");
  const QModelIndex names = row_of(panel.model(), "Top kernels");
  EXPECT_EQ(panel.model().index(0, 1, names).data(), "150 ns, 1 span");
  Q_EMIT panel.tree()->activated(row_of(*panel.shownModel(), "Most exposed"));
  EXPECT_EQ(open.selection.area()->range, (TimeRange{1500, 1600}));
  open.selection.clearSelection();
  settle(panel);
  EXPECT_EQ(panel.title(), "flash_fwd_kernel");
}

TEST(Inspector, explainsAStepThatAnotherViewChose) {
  OpenDocument open(two_steps());
  DetailsPanel panel(open.workspace);
  open.selection.setPlace({.step = 8});
  settle(panel);
  EXPECT_EQ(panel.title(), "Step 8");
  EXPECT_EQ(value_of(panel, "Time"), "900 ns");
  EXPECT_EQ(value_of(panel, "Among its phase"), "the longest of 2");
  EXPECT_EQ(value_of(panel, "Exposed"), "500 ns (100.0 %)");
  EXPECT_EQ(value_of(panel, "Most exposed"), "rank 0, GPU 0, 500 ns");
  open.selection.setPlace({.step = 99});
  settle(panel);
  EXPECT_EQ(panel.model().rowCount(), 0);
}

TEST(Inspector, explainsAnExpertWithItsSlotsAndItsLayerInTheTrace) {
  OpenDocument open(two_steps());
  open.workspace.loads().setLoads(test::shared_loads(), {"made.json"});
  DetailsPanel panel(open.workspace);
  open.selection.setPlace({.layer = 0, .expert = 0});
  settle(panel);
  EXPECT_EQ(panel.title(), "Layer 3, expert 0");
  EXPECT_EQ(value_of(panel, "Share of the layer"), "50.0 %");
  EXPECT_EQ(value_of(panel, "Rank"), "1 of 4 experts");
  EXPECT_EQ(value_of(panel, "Replicas"), "2 slots");
  EXPECT_EQ(value_of(panel, "Slot 3"), "GPU 1, 3 tokens");
  EXPECT_EQ(value_of(panel, "Layer 3"), "imbalance 1.17") << "7 against a mean of 6";
  EXPECT_EQ(value_of(panel, "In the trace"), "1 device");
  Q_EMIT panel.tree()->activated(row_of(*panel.shownModel(), "rank 0, GPU 0"));
  ASSERT_TRUE(open.selection.area());
  EXPECT_EQ(open.selection.area()->range, (TimeRange{1000, 1100}));
  open.selection.clearSelection();
  settle(panel);
  Q_EMIT panel.tree()->activated(row_of(*panel.shownModel(), "Slot 3"));
  EXPECT_EQ(open.selection.place().slot, 3);
  EXPECT_EQ(open.selection.place().gpu, 1);
  open.workspace.loads().setWindows({0, 1});
  settle(panel);
  EXPECT_EQ(value_of(panel, "Share of the layer"), "25.0 %") << "in the first window";
}

TEST(Inspector, explainsTheRankThatFiltersAllViews) {
  OpenDocument open(two_ranks());
  DetailsPanel panel(open.workspace);
  open.selection.setProcessFilter(1);
  settle(panel);
  EXPECT_EQ(panel.title(), "rank 1");
  EXPECT_EQ(value_of(panel, "Exposed"), "500 ns (100.0 %)");
  open.selection.setProcessFilter(std::nullopt);
  EXPECT_EQ(panel.model().rowCount(), 0);
}

TEST(Inspector, leadsToTheViewsThatShowMore) {
  OpenDocument open(launched_trace());
  DetailsPanel panel(open.workspace);
  auto* links = panel.findChild<QLabel*>("inspectorLinks");
  EXPECT_TRUE(links->text().isEmpty()) << "nothing is selected";
  open.selection.selectSpan(open.find("deep_ep::dispatch"));
  settle(panel);
  QSignalSpy views(&panel, &DetailsPanel::viewWanted), queries(&panel, &DetailsPanel::queryWanted);
  Q_EMIT links->linkActivated("overlap");
  EXPECT_TRUE(queries.isEmpty());
  Q_EMIT links->linkActivated("query");
  ASSERT_EQ(views.size(), 2);
  EXPECT_EQ(views[1][0].toString(), "query");
  ASSERT_EQ(queries.size(), 1);
  EXPECT_THAT(queries[0][0].toString().toStdString(),
              testing::HasSubstr("WHERE name = 'deep_ep::dispatch'"));
}

TEST(LinkedSelection, aSpanChoosesItsLayerMicroBatchAndStep) {
  OpenDocument open(two_steps());
  open.workspace.loads().setLoads(test::shared_loads(), {"made.json"});
  DetailsPanel panel(open.workspace);
  open.selection.setPlace({.layer = 0, .expert = 2, .gpu = -1, .slot = 4});
  const SpanRef first = open.find("deep_ep::dispatch");
  open.selection.selectSpan({first.track, first.index + 3});
  ASSERT_TRUE(wait_for([&] { return open.selection.place().step == 8; }));
  EXPECT_EQ(open.selection.place(),
            (ModelPlace{.layer = 1, .expert = 2, .step = 8, .micro_batch = 1}))
      << "row 1 of the loads is layer 5; the slot was of another layer";
  settle(panel);
  EXPECT_EQ(panel.title(), "dispatch") << "the span is explained, not the place it brought along";
  EXPECT_EQ(value_of(panel, "Layer"), "5");
  EXPECT_EQ(value_of(panel, "Step"), "8");
  open.selection.selectSpan(open.find("cudaLaunchKernel"));
  settle(panel);
  EXPECT_EQ(open.selection.place().layer, 1) << "a call of the host changes nothing";
}

TEST(LinkedSelection, loadWindowsFollowTheVisibleTimeUntilOthersAreChosen) {
  OpenDocument open(two_steps());
  LoadSet loads = test::made_loads();
  loads.times = {{0, 1000}, {1000, 2000}, {2000, 3000}};
  LoadDocument& document = open.workspace.loads();
  document.setLoads(test::shared_loads(loads), {"made"});
  EXPECT_EQ(document.followsTime(), true);
  EXPECT_EQ(document.windows(), (WindowRange{0, 3}));
  open.selection.setRange({1000, 1900});
  ASSERT_TRUE(wait_for([&] { return document.windows() == WindowRange{1, 2}; }));
  open.selection.fit();
  ASSERT_TRUE(wait_for([&] { return document.windows() == WindowRange{0, 3}; }));
  document.setWindows({2, 3});
  EXPECT_EQ(document.followsTime(), false);
  open.selection.setRange({1000, 1900});
  QTest::qWait(200);
  EXPECT_EQ(document.windows(), (WindowRange{2, 3}));
  document.setFollowsTime(true);
  EXPECT_EQ(document.windows(), (WindowRange{1, 2})) << "at once";
  document.setLoads(test::shared_loads(loads), {"another file"});
  EXPECT_FALSE(document.followsTime()) << "no clock in common";
}

}  // namespace
}  // namespace moescope
