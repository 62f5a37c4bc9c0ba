// Strips below the lanes: on the same pixels, shown while they have data.
#include <gtest/gtest.h>

#include <QLabel>

#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"
#include "views/balance/imbalance_track.h"
#include "views/sm/sm_track.h"
#include "views/sm/sm_view.h"
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
        imbalance(new ImbalanceTrack(workspace.loads(), workspace.selection())) {
    timeline.addTrack(sm);
    timeline.addTrack(imbalance);
    timeline.resize(900, 500);
    timeline.show();
  }
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
};

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

TEST_F(Tracks, SayWhatTheyShow) {
  open_trace();
  open_loads();
  EXPECT_TRUE(imbalance->summary().contains("2 load windows: 1.25 on average, 1.50 at worst"));
}

}  // namespace
}  // namespace moescope
