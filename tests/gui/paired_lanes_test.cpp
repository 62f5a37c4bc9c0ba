// The lanes of two traces above each other on one axis.
#include "views/compare/paired_lanes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"
#include "views/compare/trace_compare_view.h"
#include "views/details/details_panel.h"

namespace moescope {
namespace {

using test::MadeSpan;
using test::make_trace;
using test::wait_for;
using testing::HasSubstr;

constexpr TimeNs kUs = 1000;

/// Three steps after `wait`, each of `length`: a gemm and then a dispatch of half of it.
TracePtr three_steps(TimeNs wait, TimeNs length) {
  std::vector<MadeSpan> spans = {{"warm up", 0, 10 * kUs, 7, SpanKind::Kernel}};
  std::uint32_t correlation = 1;
  for (TimeNs i = 0; i < 3; ++i) {
    const TimeNs t = wait + i * length;
    spans.push_back({"ProfilerStep#" + std::to_string(i), t, length, 1, SpanKind::Annotation});
    for (const auto& [name, at] :
         {std::pair{"gemm", t}, std::pair{"deep_ep::dispatch", t + length / 2}}) {
      spans.push_back({"cudaLaunchKernel", at, 100, 1, SpanKind::Runtime, correlation});
      spans.push_back({name, at, length / 2, 7, SpanKind::Kernel, correlation++});
    }
  }
  return make_trace(spans);
}

struct PairedLanesTest : testing::Test {
  PairedLanesTest() : view(workspace) {
    view.resize(1200, 400);
    view.show();
    const auto trace = three_steps(50 * kUs, 200 * kUs);
    workspace.trace().setTrace(trace, {"after.json"});
    workspace.trace().setAnalysis(analyze_document(*trace, RuleSet::built_in()));
  }
  void hold_against(const TracePtr& trace) {
    workspace.compare().setBefore(trace, {"before.json"});
    settle();
  }
  void settle() {
    ASSERT_TRUE(wait_for([&] { return !view.busy(); }));
    QCoreApplication::processEvents();  // the layout of what is shown now
  }
  void choose(const QString& scope, const QString& key) {
    for (int row = 0; row < view.model().rowCount(); ++row)
      if (view.model().row(row).scope == scope.toStdString() &&
          view.model().row(row).key == key.toStdString()) {
        view.lanes().goTo(view.model().row(row));
        return settle();
      }
    FAIL() << "no row " << key.toStdString();
  }
  /// Times of A and B at the same pixel of their lanes.
  std::pair<TimeNs, TimeNs> times_at(double x) {
    return {view.lanes().upper().scene().map().time(x), view.lanes().lower().scene().map().time(x)};
  }
  PairedLanes& lanes() { return view.lanes(); }
  Workspace workspace;
  TraceCompareView view;
};

TEST_F(PairedLanesTest, AreAlignedAtTheFirstCommonStepAndSayIt) {
  hold_against(three_steps(20 * kUs, 100 * kUs));
  EXPECT_EQ(lanes().offset(), -30 * kUs) << "step 0 begins at 20 us in A, at 50 us in B";
  EXPECT_THAT(lanes().alignment().toStdString(),
              HasSubstr("Step 0 of A lies above step 0 of B, 30.0 µs later"));
  const auto [a, b] = times_at(100);
  // Columns lie on the pixels of each trace: the same time to less than one of them.
  EXPECT_NEAR(static_cast<double>(b - a), 30.0 * kUs, lanes().upper().scene().axis().nsPerPixel());
  EXPECT_EQ(&lanes().lower().scene().selection(), &workspace.selection());
}

TEST_F(PairedLanesTest, OneRangeOnePointerOneMarkForBoth) {
  hold_against(three_steps(20 * kUs, 100 * kUs));
  workspace.selection().setRange({100 * kUs, 200 * kUs});
  EXPECT_EQ(lanes().otherSelection().range(), (TimeRange{70 * kUs, 170 * kUs}));
  lanes().otherSelection().setRange({90 * kUs, 190 * kUs});
  EXPECT_EQ(workspace.selection().range(), (TimeRange{120 * kUs, 220 * kUs}));
  lanes().otherSelection().setCursor(100 * kUs);
  EXPECT_EQ(workspace.selection().cursor(), 130 * kUs);
  lanes().otherSelection().setArea(AreaSelection{{100 * kUs, 110 * kUs}, {0}});
  ASSERT_TRUE(workspace.selection().area());
  EXPECT_EQ(workspace.selection().area()->range, (TimeRange{130 * kUs, 140 * kUs}));
  EXPECT_EQ(lanes().otherSelection().area()->tracks.size(), 1U) << "the mark itself stays";
}

TEST_F(PairedLanesTest, BothShowWhatOneOfThemHasAndNoMore) {
  hold_against(three_steps(20 * kUs, 400 * kUs));  // A is longer, and its step 0 comes earlier
  const TimeRange full = workspace.selection().full();
  ASSERT_EQ(lanes().offset(), -30 * kUs);
  lanes().otherSelection().setRange({1'000 * kUs, 1'200 * kUs});
  EXPECT_EQ(lanes().otherSelection().range(), (TimeRange{1'000 * kUs, 1'200 * kUs}));
  EXPECT_EQ(workspace.selection().range(), (TimeRange{1'030 * kUs, 1'230 * kUs}))
      << "beyond the end of B";
  EXPECT_EQ(workspace.selection().full(), full) << "the trace itself is as long as before";
  lanes().otherSelection().setRange({-9'000 * kUs, 9'000 * kUs});
  EXPECT_EQ(workspace.selection().range(), (TimeRange{0, 1'250 * kUs}))
      << "from the begin of B to the end of A";
  EXPECT_EQ(lanes().otherSelection().range(), (TimeRange{-30 * kUs, 1'220 * kUs}));
  lanes().otherSelection().fit();
  EXPECT_EQ(lanes().otherSelection().range(), (TimeRange{0, 1'220 * kUs})) << "that trace alone";
  workspace.compare().setBefore(nullptr, {});
  EXPECT_EQ(workspace.selection().range(), full) << "nothing lies beyond it any more";
}

TEST_F(PairedLanesTest, ASpanOfTheOtherTraceIsTheInspectors) {
  DetailsPanel inspector(workspace);
  hold_against(three_steps(20 * kUs, 100 * kUs));
  const SpanRef own = workspace.selection().currentSpan();
  const TracePtr& other = lanes().upper().scene().trace();
  SpanRef gemm;
  for (TrackId track = 0; track < other->tracks().size(); ++track)
    for (std::uint32_t row = 0; row < other->span_count(track); ++row)
      if (other->name({track, row}) == "gemm") gemm = {track, row};
  ASSERT_TRUE(gemm.valid());
  lanes().otherSelection().selectSpan(gemm);
  ASSERT_TRUE(wait_for([&] { return !inspector.busy(); }));
  EXPECT_THAT(inspector.title().toStdString(),
              AllOf(HasSubstr("gemm"), HasSubstr("A: before.json")));
  EXPECT_THAT(inspector.model().toText().toStdString(), HasSubstr("50.0 µs")) << "half a step";
  EXPECT_EQ(workspace.selection().currentSpan(), own) << "nothing of the open trace";
  workspace.compare().setBefore(nullptr, {});
  EXPECT_EQ(inspector.model().rowCount(), 0) << "that trace is not compared any more";
}

TEST_F(PairedLanesTest, KeysAndCommandsShiftTheLanes) {
  hold_against(three_steps(20 * kUs, 100 * kUs));
  const TimeNs before = lanes().offset();
  for (QAction* action : view.actions())
    if (action->objectName() == "compare.later") action->trigger();
  EXPECT_LT(lanes().offset(), before);
  for (QAction* action : view.actions())
    if (action->objectName() == "compare.earlier") action->trigger();
  EXPECT_NEAR(static_cast<double>(lanes().offset()), static_cast<double>(before), 2);
  EXPECT_EQ(lanes().findChild<QComboBox*>("lanesAlignedAt")->currentText(), "Aligned by hand");
}

TEST_F(PairedLanesTest, ARowOfTheTableGoesToItsWorkOnBothSides) {
  hold_against(three_steps(20 * kUs, 100 * kUs));
  choose("step", "2");
  EXPECT_EQ(lanes().offset(), (220 - 450) * kUs);
  EXPECT_THAT(lanes().alignment().toStdString(), HasSubstr("Step 2 of A lies above step 2 of B"));
  choose("kernel", "deep_ep::dispatch");
  EXPECT_EQ(lanes().offset(), (270 - 550) * kUs) << "the dispatch of step 2, which is aligned";
  EXPECT_EQ(lanes().findChild<QComboBox*>("lanesAlignedAt")->currentText(), "Aligned by hand")
      << "at a span, no longer at the step";
  const SpanRef span = workspace.selection().currentSpan();
  EXPECT_EQ(workspace.trace().trace()->span(span).start, 550 * kUs);
  const TimeRange shown = workspace.selection().range();
  EXPECT_LE(shown.begin, 550 * kUs);
  EXPECT_GE(shown.end, 650 * kUs);
}

TEST_F(PairedLanesTest, AreShiftedByHandWithTheGripAndByTyping) {
  hold_against(three_steps(20 * kUs, 100 * kUs));
  auto* grip = lanes().findChild<AlignGrip*>();
  const double ns = workspace.selection().range().length() /
                    static_cast<double>(lanes().lower().scene().viewport().width());
  const TimeNs before = lanes().offset();
  QTest::keyClick(grip, Qt::Key_Right, Qt::ShiftModifier);
  EXPECT_NEAR(static_cast<double>(lanes().offset()), static_cast<double>(before) - 10 * ns, ns)
      << "the lanes of A went to the right";
  EXPECT_THAT(lanes().alignment().toStdString(), HasSubstr(" of A lies above "));
  lanes().findChild<QDoubleSpinBox*>("lanesOffset")->setValue(0.25);
  EXPECT_EQ(lanes().offset(), -250 * kUs);
  EXPECT_EQ(lanes().findChild<QComboBox*>("lanesAlignedAt")->currentText(), "Aligned by hand");
}

TEST_F(PairedLanesTest, SwappedTheOpenTraceIsAbove) {
  hold_against(three_steps(20 * kUs, 100 * kUs));
  const KeptSides sides = view.sides();
  view.findChild<QToolButton*>()->click();
  settle();
  EXPECT_EQ(&lanes().upper().scene().selection(), &workspace.selection());
  EXPECT_EQ(lanes().offset(), 30 * kUs);
  EXPECT_EQ(view.sides().open, sides.open) << "neither trace is analysed again";
  EXPECT_EQ(view.sides().other, sides.other);
}

TEST_F(PairedLanesTest, OnlyTheUpperHasTheAxisAndBothHaveTheSamePixels) {
  hold_against(three_steps(20 * kUs, 100 * kUs));
  EXPECT_EQ(lanes().upper().canvas().lanesRect().top(), TimelineCanvas::kAxisHeight);
  EXPECT_EQ(lanes().lower().canvas().lanesRect().top(), 0);
  EXPECT_EQ(lanes().upper().canvas().mapTo(&view, QPoint()).x(),
            lanes().lower().canvas().mapTo(&view, QPoint()).x());
  EXPECT_EQ(lanes().upper().canvas().width(), lanes().lower().canvas().width());
  const auto upper = lanes().upper().canvas().ticks().ticks;
  const auto lower = lanes().lower().canvas().ticks().ticks;
  ASSERT_FALSE(upper.empty());
  ASSERT_EQ(upper.size(), lower.size());
  for (std::size_t i = 0; i < upper.size(); ++i) {
    EXPECT_EQ(upper[i].label, lower[i].label) << "time from the aligned moment";
    EXPECT_EQ(upper[i].time + 30 * kUs, lower[i].time);
  }
}

TEST_F(PairedLanesTest, TwoStepsOfOneTraceLieAboveEachOther) {
  workspace.compare().setSteps({0, 2});
  settle();
  EXPECT_THAT(view.title().toStdString(), HasSubstr("step 0"));
  EXPECT_EQ(lanes().offset(), -400 * kUs);
  EXPECT_EQ(workspace.selection().full(), lanes().lower().scene().trace()->range());
  choose("kernel", "deep_ep::dispatch");
  EXPECT_EQ(workspace.trace().trace()->span(workspace.selection().currentSpan()).start, 550 * kUs)
      << "the one of step 2";
  const auto other = three_steps(0, 100 * kUs);
  workspace.trace().setTrace(other, {"other.json"});
  EXPECT_EQ(workspace.compare().kind(), CompareDocument::Kind::Nothing)
      << "its steps are those of another trace";
}

TEST_F(PairedLanesTest, InANarrowDockTheLanesTakeThePlaceOfTheTable) {
  view.resize(640, 300);
  hold_against(three_steps(20 * kUs, 100 * kUs));
  EXPECT_TRUE(view.table()->isVisible()) << "answers first";
  EXPECT_FALSE(lanes().isVisible());
  view.findChild<QToolButton*>("compareLanes")->click();
  EXPECT_TRUE(lanes().isVisible());
  EXPECT_FALSE(view.table()->isVisible());
  view.resize(1200, 400);
  QCoreApplication::processEvents();
  EXPECT_TRUE(view.table()->isVisible() && lanes().isVisible());
}

TEST_F(PairedLanesTest, WithNothingToCompareAButtonAsksForATrace) {
  const QSignalSpy asked(&workspace.compare(), &CompareDocument::fileWanted);
  auto* button = view.findChild<QPushButton*>("compareChoose");
  ASSERT_TRUE(button->isVisible());
  button->click();
  EXPECT_EQ(asked.count(), 1);
  EXPECT_FALSE(lanes().isVisible());
  hold_against(three_steps(20 * kUs, 100 * kUs));
  EXPECT_FALSE(button->isVisible());
  EXPECT_TRUE(lanes().isVisible());
}

}  // namespace
}  // namespace moescope
