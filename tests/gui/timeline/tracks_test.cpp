// Strips below the lanes: on the same pixels, shown while they have data.
#include <gtest/gtest.h>

#include <QLabel>
#include <QMenu>
#include <QSettings>
#include <QTest>

#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"
#include "views/balance/imbalance_track.h"
#include "views/counters/counter_track.h"
#include "views/requests/requests_track.h"
#include "views/requests/requests_view.h"
#include "views/sm/sm_track.h"
#include "views/sm/sm_view.h"
#include "views/timeline/overview_strip.h"
#include "views/timeline/timeline_view.h"
#include "views/workspace/workspace.h"

namespace moescope {
namespace {

using test::blocks;
using test::wait_for;

struct Tracks : testing::Test {
  Tracks()
      : timeline(workspace.trace(), workspace.selection()),
        sm_view(workspace.trace(), workspace.selection()),
        sm(new SmTrack(sm_view, workspace.selection())),
        imbalance(new ImbalanceTrack(workspace.loads(), workspace.selection())),
        requests_view(workspace.trace(), workspace.selection()),
        requests(new RequestsTrack(requests_view, workspace.selection())),
        counters(new CounterTrack(workspace.trace(), workspace.selection())) {
    for (TimeTrack* track : std::initializer_list<TimeTrack*>{sm, imbalance, requests, counters})
      timeline.addTrack(track);
    timeline.resize(900, 500);
    timeline.show();
  }
  void TearDown() override { QSettings().remove("timeline/strips"); }
  void open_trace() {
    const auto trace =
        test::make_trace({{"gemm", 0, 500, 7, SpanKind::Kernel, 1, blocks(100)},
                          {"deep_ep::dispatch", 400, 600, 8, SpanKind::Kernel, 2, blocks(20)}});
    workspace.trace().setTrace(trace, {"a.json"});
    workspace.trace().setAnalysis(analyze_document(*trace, RuleSet::built_in()));
    ASSERT_TRUE(wait_for([&] { return !sm_view.busy() && sm->isVisible(); }));
  }
  void open_loads() {
    auto loads = std::make_shared<LoadSet>();
    loads->experts = 2;
    loads->num_gpus = 2;
    loads->windows = {{{1, 1}}, {{3, 1}}};
    loads->times = {{0, 500}, {500, 1000}};
    workspace.loads().setLoads(loads, {"loads"});
    ASSERT_TRUE(wait_for([&] { return imbalance->hasData(); }));
  }
  Workspace workspace;
  TimelineView timeline;
  SmView sm_view;
  SmTrack* sm;
  ImbalanceTrack* imbalance;
  RequestsView requests_view;
  RequestsTrack* requests;
  CounterTrack* counters;
};

/// Four counters, one of them without samples.
TracePtr with_counters() {
  TraceBuilder builder;
  const ProcessId p = builder.add_process({.label = "rank 0", .pid = "1", .rank = 0});
  const TrackId t = builder.add_track({.process = p, .type = TrackType::Thread, .device = -1});
  SpanBatch batch;
  batch.columns.push_back({.start = 0, .duration = 1000});
  builder.append(t, std::move(batch));
  builder.add_counter({p, 0, "empty", "", {}, {}});
  builder.add_counter({p, 0, "SMs active", "%", {0, 100, 500}, {10, 80, 40}});
  builder.add_counter({p, 0, "memory", "B", {0, 500}, {1e9, 2e9}});
  builder.add_counter({p, 0, "clock", "MHz", {0}, {1980}});
  builder.add_counter({p, 0, "power", "W", {0}, {650}});
  return builder.snapshot();
}

TEST_F(Tracks, TakeNoRoomWithoutData) {
  EXPECT_TRUE(sm->isHidden());
  EXPECT_TRUE(imbalance->isHidden());
  EXPECT_TRUE(timeline.findChild<QLabel*>("trackName.sm")->isHidden());
}

TEST_F(Tracks, PutATimeOnThePixelOfTheLanes) {
  open_trace();
  open_loads();
  workspace.selection().setRange({100, 900});
  ASSERT_TRUE(wait_for([&] { return !sm->axis().empty() && !imbalance->axis().empty(); }));
  QApplication::processEvents();
  for (const TimeTrack* track : std::initializer_list<const TimeTrack*>{sm, imbalance}) {
    EXPECT_EQ(track->mapToGlobal(QPoint()).x(), timeline.canvas().mapToGlobal(QPoint()).x());
    EXPECT_EQ(track->width(), timeline.canvas().width());
    for (const TimeNs time : {100, 333, 500, 899})
      EXPECT_NEAR(track->axis().x(time), timeline.scene().map().x(time), 1e-6) << time;
  }
}

TEST_F(Tracks, NamesStandBesideThemAndAnActionHidesThem) {
  open_trace();
  auto* name = timeline.findChild<QLabel*>("trackName.sm");
  EXPECT_TRUE(name->isVisible());
  EXPECT_TRUE(name->text().contains("scale 0 to 132 SMs"));
  EXPECT_EQ(name->mapToGlobal(QPoint()).y(), sm->mapToGlobal(QPoint()).y());
  timeline.findChild<QAction*>("timeline.track_sm")->setChecked(false);
  EXPECT_TRUE(sm->isHidden());
  EXPECT_TRUE(name->isHidden());
}

TEST_F(Tracks, KeysResizeTheStripThatHasTheKeyboard) {
  open_trace();
  timeline.resize(900, 700);
  QApplication::processEvents();
  const int before = sm->height(), lanes = timeline.scene().layout().laneHeight();
  QApplication::setActiveWindow(&timeline);
  sm->setFocus();
  auto* name = timeline.findChild<QLabel*>("trackName.sm");
  EXPECT_TRUE(name->autoFillBackground()) << "the name says that it has the keyboard";
  for (int i = 0; i < 3; ++i) timeline.findChild<QAction*>("timeline.taller")->trigger();
  EXPECT_GT(sm->height(), before);
  EXPECT_EQ(name->height(), sm->height());
  EXPECT_EQ(timeline.scene().layout().laneHeight(), lanes);
  timeline.canvas().setFocus();
  EXPECT_FALSE(name->autoFillBackground());
  timeline.findChild<QAction*>("timeline.shorter")->trigger();
  EXPECT_EQ(timeline.scene().layout().laneHeight(), lanes - 2) << "now the lanes";
}

TEST_F(Tracks, TheBoundaryIsDraggedAndRemembered) {
  open_trace();
  timeline.resize(900, 700);
  QApplication::processEvents();
  const int before = sm->height();
  auto* strips = qobject_cast<QSplitter*>(sm->parentWidget());
  ASSERT_NE(strips, nullptr);
  auto* handle = strips->handle(strips->indexOf(sm));
  const QPoint grip = handle->rect().center();
  QTest::mousePress(handle, Qt::LeftButton, {}, grip);
  QTest::mouseMove(handle, grip - QPoint(0, 40));
  QTest::mouseRelease(handle, Qt::LeftButton, {}, grip - QPoint(0, 40));
  const int after = sm->height();
  EXPECT_NEAR(after, before + 40, 2);
  EXPECT_EQ(timeline.findChild<QLabel*>("trackName.sm")->height(), after);
  timeline.findChild<QAction*>("timeline.track_imbalance")->setChecked(false);
  TimelineView next(workspace.trace(), workspace.selection());
  auto* again = new SmTrack(sm_view, workspace.selection());
  auto* gone = new ImbalanceTrack(workspace.loads(), workspace.selection());
  next.addTrack(again);
  next.addTrack(gone);
  next.resize(900, 700);
  next.show();
  open_loads();
  QApplication::processEvents();
  EXPECT_EQ(again->height(), after);
  EXPECT_TRUE(gone->isHidden()) << "it has data, but it was hidden";
}

TEST_F(Tracks, TheOverviewHidesAndComesBackWithTheFieldBesideIt) {
  open_trace();
  auto* overview = timeline.findChild<OverviewStrip*>();
  const int lanes = timeline.canvas().height();
  auto* action = timeline.findChild<QAction*>("timeline.track_overview");
  action->setChecked(false);
  QApplication::processEvents();
  EXPECT_FALSE(overview->isVisible());
  EXPECT_GT(timeline.canvas().height(), lanes);
  EXPECT_EQ(timeline.canvas().mapToGlobal(QPoint()).y(), timeline.mapToGlobal(QPoint()).y());
  timeline.findChild<QAction*>("timeline.find_row")->trigger();
  EXPECT_TRUE(overview->isVisible());
  EXPECT_TRUE(timeline.findRowEdit().isVisible());
  EXPECT_TRUE(action->isChecked());
}

TEST_F(Tracks, TheMenuOfTheLanesHasThem) {
  const std::unique_ptr<QMenu> menu(timeline.makeContextMenu());
  QStringList texts;
  for (const auto* sub : menu->findChildren<QMenu*>())
    for (const QAction* action : sub->actions()) texts << action->text();
  for (const char* track : {"Overview", "SM allocation", "Imbalance of GPUs", "Requests"})
    EXPECT_TRUE(texts.contains(QStringLiteral("Track: %1").arg(track)))
        << track << " in " << texts.join(", ").toStdString();
}

TEST_F(Tracks, CountersShowTheFirstFewUntilOthersAreChosen) {
  workspace.trace().setTrace(with_counters(), {"a.json"});
  ASSERT_TRUE(wait_for([&] { return counters->isVisible() && !counters->axis().empty(); }));
  EXPECT_EQ(counters->note().toStdString(),
            "SMs active: 0 to 80 %\nmemory: 0 to 2e+09 B\nclock: 0 to 1980 MHz\n"
            "2 more: right-click");
  counters->setShown(2, false);
  counters->setShown(3, false);
  counters->setShown(4, true);
  EXPECT_EQ(counters->shown(), (std::set<std::size_t>{1, 4}));
  EXPECT_EQ(counters->note().section('\n', 1, 1).toStdString(), "power: 0 to 650 W");
  workspace.trace().setTrace(test::make_trace({{"gemm", 0, 10}}), {"b.json"});
  EXPECT_FALSE(counters->hasData());
  EXPECT_TRUE(counters->isHidden());
}

TEST_F(Tracks, RequestsAppearWithTheirTargets) {
  open_trace();
  EXPECT_TRUE(requests->isHidden());
  auto serving = std::make_shared<Serving>();
  serving->requests.resize(1);
  serving->requests[0].ttft = 2'000'000'000;
  serving->requests[0].output = 700;
  serving->requests[0].done = 900;
  requests_view.setServing(serving);
  EXPECT_TRUE(requests->isVisible());
  EXPECT_TRUE(requests->note().contains("scale 0 to 1,000")) << requests->note().toStdString();
  EXPECT_TRUE(requests->summary().contains("1 request done")) << requests->summary().toStdString();
}

TEST_F(Tracks, SayWhatTheyShow) {
  open_trace();
  open_loads();
  EXPECT_TRUE(imbalance->summary().contains("2 load windows: 1.25 on average, 1.50 at worst"));
}

}  // namespace
}  // namespace moescope
