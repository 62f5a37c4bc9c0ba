// The answers above everything else, and where they lead.
#include "views/headline/headline_strip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QComboBox>
#include <QHBoxLayout>
#include <QSignalSpy>
#include <numeric>

#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::blocks;
using test::make_trace;
using test::wait_for;

/// 170 ns of communication, 110 of them exposed; the longest stretch is [300, 370).
TracePtr two_layers() {
  return make_trace({{"layer 4 mb1", 60, 50, 1, SpanKind::Annotation},
                     {"cudaLaunchKernel", 70, 2, 1, SpanKind::Runtime, 2},
                     {"void deep_ep::internode::dispatch<true>(int)", 100, 100, 7, SpanKind::Kernel,
                      1, blocks(20)},
                     {"gemm", 100, 60, 8, SpanKind::Kernel, 9, blocks(112)},
                     {"void deep_ep::internode::notify_dispatch<false>(int)", 300, 70, 7,
                      SpanKind::Kernel, 2, blocks(9)}});
}

void open(Workspace& workspace, const TracePtr& trace) {
  workspace.trace().setTrace(trace, {"a.json"});
  workspace.trace().setAnalysis(analyze_document(*trace, RuleSet::built_in()));
}

bool settled(HeadlineStrip& strip) {
  return wait_for([&] { return !strip.busy(); });
}

TEST(HeadlineStrip, AnswersWhatIsExposedAndWhoIsToBlame) {
  Workspace workspace;
  HeadlineStrip strip(workspace);
  EXPECT_TRUE(strip.isHidden()) << "nothing is open";
  open(workspace, two_layers());
  ASSERT_TRUE(settled(strip));
  EXPECT_FALSE(strip.isHidden());
  EXPECT_EQ(strip.tile("exposed")->tile().value, "110 ns");
  EXPECT_TRUE(strip.tile("exposed")->tile().bad);
  EXPECT_EQ(strip.tile("exposed")->tile().note, "64.7 % of communication");
  EXPECT_EQ(strip.tile("hidden")->tile().value, "35.3 %");
  EXPECT_EQ(strip.tile("worst")->tile().value, "70 ns");
  EXPECT_EQ(strip.tile("worst")->tile().note, "waiting in notify_dispatch, layer 4, micro-batch 1");
  EXPECT_EQ(strip.tile("sm")->tile().value, "20 of 132");
  EXPECT_TRUE(strip.tile("step")->isHidden()) << "no steps are known";
  EXPECT_TRUE(strip.tile("lost")->isHidden());
  for (const char* name : {"exposed", "hidden", "worst", "sm"}) {
    EXPECT_THAT(strip.tile(name)->toolTip().toStdString(),
                testing::HasSubstr("Whole trace, 1 device."));
    EXPECT_FALSE(strip.tile(name)->accessibleDescription().isEmpty());
  }
}

TEST(HeadlineStrip, FiguresOfATraceThatWasClosedAreNotThoseOfTheNextOne) {
  Workspace workspace;
  HeadlineStrip strip(workspace);
  open(workspace, two_layers());
  ASSERT_TRUE(settled(strip));
  ASSERT_EQ(strip.tile("exposed")->tile().value, "110 ns");
  workspace.trace().setTrace(two_layers(), {"b.json"});
  EXPECT_EQ(strip.tile("exposed")->tile().value, "…");
  EXPECT_FALSE(strip.tile("exposed")->tile().bad);
  EXPECT_FALSE(strip.isHidden()) << "what is below would jump";
  workspace.trace().setAnalysis(analyze_document(*workspace.trace().trace(), RuleSet::built_in()));
  ASSERT_TRUE(settled(strip));
  EXPECT_EQ(strip.tile("exposed")->tile().value, "110 ns");
}

TEST(HeadlineStrip, NothingIsCutWhereThereIsRoom) {
  Workspace workspace;
  QWidget window;
  QHBoxLayout around(&window);
  auto* strip = new HeadlineStrip(workspace);
  around.addWidget(strip);
  window.resize(600, 80);
  window.show();
  open(workspace, two_layers());
  ASSERT_TRUE(settled(*strip));
  window.resize(1600, 80);
  ASSERT_TRUE(wait_for([&] {
    for (const char* name : {"exposed", "hidden", "worst", "sm"})
      if (strip->tile(name)->width() < strip->tile(name)->sizeHint().width()) return false;
    return true;
  }));
}

TEST(HeadlineStrip, AClickLeadsToTheEvidence) {
  Workspace workspace;
  HeadlineStrip strip(workspace);
  open(workspace, two_layers());
  ASSERT_TRUE(settled(strip));
  QSignalSpy wanted(&strip, &HeadlineStrip::viewWanted);
  strip.tile("worst")->click();
  ASSERT_EQ(wanted.size(), 1);
  EXPECT_EQ(wanted[0][0].toString(), "timeline");
  ASSERT_TRUE(workspace.selection().area());
  EXPECT_EQ(workspace.selection().area()->range, (TimeRange{300, 370}));
  strip.tile("sm")->click();
  EXPECT_EQ(wanted[1][0].toString(), "sm");
}

TEST(HeadlineStrip, ALineShowsWhenCommunicationWasExposed) {
  Workspace workspace;
  HeadlineStrip strip(workspace);
  open(workspace, two_layers());
  ASSERT_TRUE(settled(strip));
  const TileText& tile = strip.tile("exposed")->tile();
  ASSERT_FALSE(tile.trend.empty());
  EXPECT_EQ(std::accumulate(tile.trend.begin(), tile.trend.end(), 0.0), 110)
      << "the windows add up to the figure";
  EXPECT_THAT(strip.tile("exposed")->toolTip().toStdString(),
              testing::HasSubstr("Line: over time, 39 windows of 8 ns each, from 0 ns to "));
  EXPECT_TRUE(strip.tile("tokens")->isHidden()) << "no engine recorded this";
}

TEST(HeadlineStrip, AnswersAreOfTheChosenScope) {
  Workspace workspace;
  HeadlineStrip strip(workspace);
  const auto* box = strip.findChild<QComboBox*>("scopeBox");
  open(workspace, two_layers());
  ASSERT_TRUE(settled(strip));
  EXPECT_EQ(box->count(), 2);
  workspace.selection().setRange({280, 360});
  workspace.selection().setScope(FigureScope::Visible);
  ASSERT_TRUE(settled(strip));
  EXPECT_EQ(strip.tile("exposed")->tile().value, "60 ns");
  EXPECT_THAT(strip.tile("exposed")->toolTip().toStdString(),
              testing::HasSubstr("Visible range, 80 ns, 1 device."));
  workspace.selection().setArea(AreaSelection{{100, 180}, {}});
  EXPECT_EQ(box->count(), 3);
  workspace.selection().setScope(FigureScope::Selected);
  ASSERT_TRUE(settled(strip));
  EXPECT_EQ(strip.tile("exposed")->tile().value, "20 ns");
  workspace.selection().setArea({});
  ASSERT_TRUE(settled(strip));
  EXPECT_EQ(workspace.selection().scope(), FigureScope::Visible) << "as before the area";
  EXPECT_EQ(strip.tile("exposed")->tile().value, "60 ns");
}

TEST(HeadlineStrip, LoadsTellImbalanceAndTheHottestExpert) {
  Workspace workspace;
  HeadlineStrip strip(workspace);
  auto loads = std::make_shared<LoadSet>();
  loads->source = "loads.json";
  loads->experts = 4;
  loads->layer_ids = {3, 5};
  loads->windows = {{{10, 10, 10, 10}, {10, 10, 60, 0}}};
  loads->num_gpus = 2;
  workspace.loads().setLoads(loads, {"loads.json"});
  ASSERT_TRUE(settled(strip));
  EXPECT_EQ(strip.tile("imbalance")->tile().value, "1.25") << "1 and 60 of a mean of 40";
  EXPECT_EQ(strip.tile("imbalance")->tile().note, "worst 1.50 in layer 5; even split");
  EXPECT_EQ(strip.tile("hottest")->tile().value, "2 of layer 5");
  strip.tile("hottest")->click();
  EXPECT_EQ(workspace.selection().place().layer, 1) << "the row, not the model's layer";
  EXPECT_EQ(workspace.selection().place().expert, 2);
  workspace.loads().setLoads(nullptr, {});
  ASSERT_TRUE(settled(strip));
  EXPECT_TRUE(strip.isHidden());
}

TEST(HeadlineStrip, GoesWithTheTrace) {
  Workspace workspace;
  HeadlineStrip strip(workspace);
  open(workspace, two_layers());
  ASSERT_TRUE(settled(strip));
  open(workspace, make_trace({{"gemm", 0, 10, 7, SpanKind::Kernel}}));
  ASSERT_TRUE(settled(strip));
  EXPECT_EQ(strip.tile("exposed")->tile().value, "none");
  EXPECT_FALSE(strip.tile("exposed")->tile().bad);
  EXPECT_TRUE(strip.tile("worst")->isHidden());
  workspace.trace().setTrace(nullptr, {});
  ASSERT_TRUE(settled(strip));
  EXPECT_TRUE(strip.isHidden());
}

}  // namespace
}  // namespace moescope
