// The What if view: settings, answers, what stands beside them, sweeps and timelines.
#include "views/whatif/whatif_view.h"

#include <gmock/gmock.h>

#include <QComboBox>
#include <QFileInfo>
#include <QSettings>
#include <QSignalSpy>
#include <QSpinBox>

#include "app/window/main_window.h"
#include "core/trace/file/moetrace.h"
#include "tests/gui/chart_document.h"
#include "tests/gui/wait_for.h"
#include "tests/support/scenario_maker.h"
#include "views/shell/start_page.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::HasSubstr;

class WhatIfViewTest : public testing::Test {
 protected:
  void show() {
    view.resize(1100, 600);
    view.show();
    settle();
  }
  void settle() {
    ASSERT_TRUE(wait_for([&] { return !view.busy(); }));
  }
  template <typename Widget>
  Widget& field(const char* name) {
    auto* found = view.findChild<Widget*>(QLatin1String(name));
    EXPECT_NE(found, nullptr) << name;
    return *found;
  }
  void choose(const char* name, const QString& text) {
    auto& box = field<QComboBox>(name);
    box.setCurrentIndex(box.findText(text));
    Q_EMIT box.activated(box.currentIndex());
    settle();
  }
  void set(const char* name, int value) {
    field<QSpinBox>(name).setValue(value);
    settle();
  }
  /// On the plan experts below 32 have two replicas, expert 7 three, which 32 ranks cannot share
  /// evenly. @param hot has the load of 60 others
  void openPrefill(std::size_t hot) {
    auto loads = test::even_loads(3, 256);
    loads.unit = "prefill";
    loads.source = "made.json";
    for (auto& row : loads.windows[0]) row[hot] *= 60;
    workspace.loads().setLoads(std::make_shared<const LoadSet>(std::move(loads)), {"made.json"});
    Plan plan = test::rolling_plan(32, 4, 288, 256, 3, 8);
    for (auto& row : plan.physical_to_logical) row[264] = 7;
    workspace.plan().open(std::move(plan), {}, {}, "rolling plan");
  }
  double step(std::size_t bar) const { return view.bars().bars.at(bar).causes.step_ns(); }

  Workspace workspace;
  WhatIfView view{workspace};
};

TEST_F(WhatIfViewTest, WithNothingOpenItPredictsADefaultAndSaysSo) {
  show();
  ASSERT_EQ(view.bars().bars.size(), 1U);
  EXPECT_EQ(view.bars().bars[0].name, "predicted, unchanged");
  EXPECT_GT(step(0), 1e6);
  EXPECT_GT(view.bars().bars[0].error_ns, 0);
  EXPECT_THAT(view.bars().title.toStdString(),
              HasSubstr("decode of deepseek-v3 on 144 GPUs (h800)"));
  EXPECT_THAT(field<QLabel>("whatIfAssumed").text().toStdString(),
              HasSubstr("No plan and no loads are open: h800, deepseek-v3, decode144 are assumed"));
  EXPECT_EQ(field<QSpinBox>("whatIfGpus").value(), 144);
  EXPECT_EQ(view.problem(), "");
}

TEST_F(WhatIfViewTest, AChangeStandsBesideWhatIsUnchanged) {
  show();
  const double before = step(0);
  set("whatIfSms", 40);
  ASSERT_EQ(view.bars().bars.size(), 2U);
  EXPECT_EQ(view.bars().bars[0].name, "predicted");
  EXPECT_EQ(view.bars().bars[1].name, "the default");
  EXPECT_EQ(step(1), before);
  EXPECT_GT(step(0), before) << "attention has 40 SMs less";
  EXPECT_THAT(view.bars().note.toStdString(), HasSubstr("longer than unchanged"));
  view.reset();
  settle();
  EXPECT_EQ(view.bars().bars.size(), 1U);
  EXPECT_EQ(field<QSpinBox>("whatIfSms").value(), 0);
}

TEST_F(WhatIfViewTest, WhatIsOpenGivesTheDefaultsAndTheirReasons) {
  openPrefill(100);
  show();
  EXPECT_EQ(view.settings().unit, "prefill32");
  EXPECT_EQ(view.settings().model, "deepseek-v3");
  EXPECT_EQ(field<QComboBox>("whatIfPlan").currentText(), "rolling plan");
  EXPECT_EQ(field<QSpinBox>("whatIfGpus").value(), 32);
  EXPECT_EQ(field<QSpinBox>("whatIfRedundant").value(), 32);
  EXPECT_THAT(field<QComboBox>("whatIfModel").toolTip().toStdString(),
              HasSubstr("Found: 256 experts"));
  EXPECT_THAT(field<QComboBox>("whatIfHardware").toolTip().toStdString(), HasSubstr("Assumed"));
  const double open = view.bars().bars.at(0).causes[StepCause::Waiting];
  EXPECT_GT(open, 0);
  choose("whatIfPlan", "solved for the unit");
  EXPECT_LT(view.bars().bars.at(0).causes[StepCause::Waiting], open / 2);
  EXPECT_EQ(view.bars().bars.at(1).name, "unchanged");
}

TEST_F(WhatIfViewTest, ChangesStayWhenOtherFilesAreOpened) {
  show();
  view.setSettings([&] {
    WhatIf now = view.settings();
    now.tokens_per_gpu = 96;
    return now;
  }());
  settle();
  openPrefill(100);
  settle();
  EXPECT_EQ(view.settings().unit, "prefill32") << "was not changed, so it follows";
  EXPECT_EQ(view.settings().tokens_per_gpu, 96);
}

TEST_F(WhatIfViewTest, WhatCannotBeIsSaidInPlaceBesideTheUnchangedStep) {
  show();
  set("whatIfGpus", 33);
  ASSERT_EQ(view.bars().bars.size(), 1U);
  EXPECT_EQ(view.bars().bars[0].name, "the default");
  EXPECT_TRUE(field<QLabel>("whatIfProblem").isVisible());
  EXPECT_THAT(view.problem().toStdString(), HasSubstr("33 GPUs are no whole nodes of 8"));
  set("whatIfGpus", 8);
  EXPECT_THAT(view.problem().toStdString(), HasSubstr("It does not fit: a GPU needs"));
  EXPECT_EQ(view.bars().bars.size(), 2U);
}

TEST_F(WhatIfViewTest, AReplicaRuleIsNamedAndChangesTheAnswer) {
  openPrefill(7);
  show();
  const QString as_in_plan = QString::fromStdString(rule_title(workspace.plan().serving().rule()));
  EXPECT_EQ(field<QComboBox>("whatIfRule").currentText(), as_in_plan);
  const double even = step(0);
  choose("whatIfRule", QString::fromStdString(rule_title(ReplicaRule::SglangStatic)));
  EXPECT_EQ(view.settings().rule, ReplicaRule::SglangStatic);
  EXPECT_NE(step(0), even);
}

TEST_F(WhatIfViewTest, TheReplicaRuleFollowsThePlansViewUntilItIsChosenHere) {
  openPrefill(7);
  show();
  workspace.plan().serving().chooseRule(ReplicaRule::SglangStatic);
  settle();
  EXPECT_EQ(view.settings().rule, ReplicaRule::SglangStatic);
  choose("whatIfRule", QString::fromStdString(rule_title(ReplicaRule::VllmHash)));
  workspace.plan().serving().chooseRule(ReplicaRule::Even);
  settle();
  EXPECT_EQ(view.settings().rule, ReplicaRule::VllmHash);
}

TEST_F(WhatIfViewTest, TheMeasuredStepStandsBesideThePredicted) {
  const TracePtr trace = open_moetrace(MOESCOPE_SOURCE_DIR "/sample-traces/prefill.moetrace");
  workspace.trace().setTrace(trace, {"prefill.moetrace"});
  workspace.trace().setAnalysis(analyze_document(*trace, RuleSet::built_in()));
  show();
  EXPECT_THAT(view.problem().toStdString(), HasSubstr("no decode step"));
  choose("whatIfUnit", "prefill32");
  EXPECT_EQ(view.problem(), "");
  ASSERT_EQ(view.bars().bars.size(), 3U);
  const StepBar& measured = view.bars().bars[2];
  EXPECT_THAT(measured.name.toStdString(), HasSubstr("measured, step"));
  EXPECT_GT(measured.causes[StepCause::Attention], 0);
  EXPECT_GT(measured.causes[StepCause::Experts], 0);
  EXPECT_EQ(measured.causes[StepCause::Floors], 0);
}

TEST_F(WhatIfViewTest, AMeasuredStepBeyondBothErrorsIsSaid) {
  WhatIfAnswer unchanged;
  WhatIfMeasured measured;
  EXPECT_EQ(misfit_text(unchanged, measured), "");
  unchanged.predicted.emplace();
  unchanged.predicted->prediction.step_ns = 100;
  unchanged.predicted->prediction.model_error_ns = 20;
  measured.step.emplace();
  measured.step->causes[StepCause::Experts] = 125;
  measured.step->spread_ns = 10;
  EXPECT_EQ(misfit_text(unchanged, measured), "");
  measured.step->causes[StepCause::Experts] = 180;
  EXPECT_THAT(misfit_text(unchanged, measured).toStdString(), HasSubstr("takes 1.80 times"));
  measured.simulated = true;
  EXPECT_EQ(misfit_text(unchanged, measured), "");
}

TEST_F(WhatIfViewTest, ASweepMarksTheOptimumWithItsReason) {
  show();
  view.sweep(SweepOver::Batch);
  EXPECT_TRUE(view.sweepJob().running());
  EXPECT_TRUE(field<QToolButton>("whatIfCancel").isVisible());
  settle();
  ASSERT_TRUE(view.sweepPicture().sweep);
  EXPECT_TRUE(view.sweepPicture().sweep->best);
  EXPECT_THAT(field<QLabel>("whatIfReason").text().toStdString(),
              HasSubstr("Optimum: tokens per GPU and micro-batch"));
  EXPECT_FALSE(field<QToolButton>("whatIfCancel").isVisible());
  EXPECT_THAT(view.csv().toStdString(), HasSubstr("\nbatch,step_ns"));
}

TEST_F(WhatIfViewTest, ACancelledSweepLeavesWhatWasShown) {
  show();
  view.sweep(SweepOver::CommSms);
  field<QToolButton>("whatIfCancel").click();
  settle();
  EXPECT_FALSE(view.sweepPicture().sweep);
  EXPECT_THAT(field<QLabel>("whatIfReason").text().toStdString(), HasSubstr("cancelled"));
}

TEST_F(WhatIfViewTest, AClickOnAValueOfTheSweepTakesIt) {
  show();
  view.sweep(SweepOver::Batch);
  settle();
  auto& canvas = field<SweepCanvas>("whatIfSweep");
  canvas.grab();
  const SweepPlaces& places = canvas.places();
  ASSERT_GT(places.count, 2);
  const QPointF first(places.plot.left() + 2, places.plot.center().y());
  QTest::mouseClick(&canvas, Qt::LeftButton, {}, first.toPoint());
  EXPECT_EQ(view.settings().tokens_per_gpu, view.sweepPicture().sweep->points[0].value);
}

TEST_F(WhatIfViewTest, ExportsBarsAsAPictureAndATable) {
  show();
  const QString csv = view.csv();
  EXPECT_THAT(csv.toStdString(),
              HasSubstr("step,attention_ns,experts_ns,waiting_ns,exposed_dispatch_ns,"
                        "exposed_combine_ns,launch_floors_ns,not_told_ns,step_ns,error_ns\n"
                        "\"predicted, unchanged\","));
  const QImage picture = render_chart(view, {700, 260}, Theme::light());
  EXPECT_EQ(picture.size(), QSize(700, 260));
  EXPECT_THAT(view.summary().toStdString(), HasSubstr("launch floors"));
}

TEST_F(WhatIfViewTest, PartsOfABarSayWhatTheyMean) {
  show();
  auto& canvas = field<StepBarsCanvas>("whatIfBars");
  canvas.grab();
  ASSERT_FALSE(canvas.parts().empty());
  const StepBarPart& part = canvas.parts().front();
  EXPECT_EQ(part.cause, StepCause::Attention);
  EXPECT_THAT(step_part_text(view.bars().bars[0], part.cause).toStdString(),
              HasSubstr("Attention with gate, shared expert and dense layers"));
  qreal width = 0;
  for (const StepBarPart& each : canvas.parts()) width += each.area.width();
  EXPECT_GT(width, canvas.width() / 3.0);
}

TEST_F(WhatIfViewTest, ATimelineIsWrittenAndAskedFor) {
  view.setSettings({.unit = "decode8"});
  show();
  QSignalSpy wanted(&view, &WhatIfView::timelineWanted);
  view.openAsTimeline();
  settle();
  ASSERT_EQ(wanted.size(), 1);
  const QString file = wanted.at(0).at(0).toString();
  EXPECT_EQ(open_moetrace(file.toStdString())->processes().size(), 9U) << "8 ranks and the unit";
}

/// In the window: beside the open trace, or as the trace when none is open.
class WhatIfWindow : public testing::Test {
 protected:
  void SetUp() override {
    QSettings().clear();
    window = std::make_unique<MainWindow>(WindowServices());
    window->show();
  }
  WhatIfView& view() { return window->layouts().view<WhatIfView>("whatif"); }
  void openAsTimeline() {
    window->layouts().reveal("whatif");
    view().setSettings({.unit = "decode8"});
    ASSERT_TRUE(wait_for([&] { return !view().busy(); }));
    view().openAsTimeline();
    ASSERT_TRUE(wait_for([&] { return !view().timelineJob().running(); }));
  }
  std::unique_ptr<MainWindow> window;
};

TEST_F(WhatIfWindow, WithNothingOpenItTakesThePlaceOfTheStartPageUntilItIsClosed) {
  auto* start = window->findChild<StartPage*>();
  ASSERT_TRUE(wait_for([&] { return start->isVisible(); }));
  window->layouts().reveal("plan");
  EXPECT_TRUE(start->isVisible()) << "there is no plan to show";
  QAction* go = window->actionRegistry().find("go.whatif");
  ASSERT_TRUE(go->isEnabled());
  go->trigger();
  ASSERT_TRUE(wait_for([&] { return view().isVisible() && !view().busy(); }));
  EXPECT_FALSE(start->isVisible());
  EXPECT_EQ(view().bars().bars.size(), 1U);
  window->layouts().dock("whatif")->close();
  EXPECT_TRUE(wait_for([&] { return start->isVisible(); }));
}

TEST_F(WhatIfWindow, AStepIsOpenedWhenNothingElseIs) {
  openAsTimeline();
  ASSERT_TRUE(wait_for([&] { return window->document().trace() != nullptr; }));
  EXPECT_EQ(window->document().trace()->processes().size(), 9U);
}

TEST_F(WhatIfWindow, AStepStandsBesideTheOpenTrace) {
  window->openFiles({QStringLiteral(MOESCOPE_SOURCE_DIR "/sample-traces/decode.moetrace")});
  ASSERT_TRUE(wait_for([&] { return window->document().analysis() != nullptr; }));
  const TracePtr open = window->document().trace();
  openAsTimeline();
  ASSERT_TRUE(wait_for([&] { return window->compare().before() != nullptr; }));
  EXPECT_EQ(window->document().trace(), open);
  EXPECT_EQ(window->compare().before()->processes().size(), 9U);
}

}  // namespace
}  // namespace moescope
