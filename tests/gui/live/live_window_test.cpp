// The window with a live runtime: watching, following, stopping, losing it, changing its plan.
#include <gmock/gmock.h>

#include <QTemporaryDir>
#include <QTest>
#include <atomic>
#include <semaphore>

#include "app/window/docks/plan_window.h"
#include "app/window/main_window.h"
#include "tests/gui/live/fake_node.h"
#include "tests/gui/wait_for.h"
#include "views/cluster/cluster_view.h"
#include "views/common/verdict_color.h"
#include "views/requests/requests_view.h"

namespace moescope::test {
namespace {

using testing::HasSubstr;
using Step = ApplyPanel::Step;

class LiveWindowTest : public testing::Test {
 protected:
  void SetUp() override {
    QSettings().clear();
    WindowServices services;
    services.live.connect = [this](const std::string&, const ConnectOptions&) {
      if (node.broken) throw Error("fake node", "", "nobody listens", "start the node");
      connecting = true;
      if (slow) answer.acquire();
      return node.connect(role);
    };
    services.live.recordings = folder.filePath("recordings");
    services.live.node_program = node_program;
    services.files.analyze = [this, analyze = services.files.analyze](
                                 const Trace& trace, const RuleSet& rules, Progress& progress) {
      if (slow_file) file_read.acquire();
      return analyze(trace, rules, progress);
    };
    window = std::make_unique<MainWindow>(std::move(services));
    window->resize(1400, 900);
    window->show();
  }
  void TearDown() override { window.reset(); }

  void attach() {
    live().attach("fake:1", {});
    // What was recorded before a viewer came is not sent to it.
    ASSERT_TRUE(wait_for([this] {
      return live().phase() == LiveState::Live && live().state().status;
    })) << live().state().reason.toStdString();
    node.serve(500);
    ASSERT_TRUE(wait_for([this] { return window->document().trace() != nullptr; }));
  }
  void serveAndWait(int kernels) {
    const auto before = window->document().trace()->span_count();
    node.serve(kernels);
    ASSERT_TRUE(wait_for([&] {
      return window->document().trace()->span_count() >= before + static_cast<quint64>(kernels);
    }));
  }
  void edit(std::vector<int> row) {
    window->loads().setPlan(std::make_shared<const Plan>(FakeNode::plan(std::move(row))));
  }
  LiveSession& live() { return window->live().live(); }
  ApplyPanel& panel() { return window->live().clusterView().applyPanel(); }
  void press(const char* button) {
    auto* found = panel().findChild<QPushButton*>(QLatin1String(button));
    ASSERT_NE(found, nullptr) << button;
    ASSERT_TRUE(found->isEnabled()) << button;
    found->click();
  }

  QTemporaryDir folder;
  QString node_program;
  FakeNode node;
  PeerRole role = PeerRole::Operator;
  std::atomic<bool> slow = false, connecting = false;
  std::binary_semaphore answer{0};  ///< of a slow node
  std::atomic<bool> slow_file = false;
  std::binary_semaphore file_read{0};  ///< the file of a recording is analysed when it is released
  std::unique_ptr<MainWindow> window;
};

TEST_F(LiveWindowTest, ShowsWhatComesAndFollows) {
  attach();
  EXPECT_TRUE(window->live().follow().following());
  serveAndWait(4000);
  EXPECT_EQ(window->selection().range().end, window->document().trace()->range().end);
  ASSERT_TRUE(wait_for([this] { return window->document().analysis() != nullptr; }));
  const auto* requests = window->findChild<RequestsView*>();
  ASSERT_TRUE(
      wait_for([&] { return requests->serving() && !requests->serving()->requests.empty(); }));
  EXPECT_TRUE(window->findChild<QLabel*>("liveStatus")->text().contains("live"));
}

TEST_F(LiveWindowTest, TheTimelineGetsTheWidthThatTheFiguresDoNotNeed) {
  attach();
  const QDockWidget* cluster = window->layouts().dock("cluster");
  const QDockWidget* timeline = window->layouts().dock("timeline");
  for (const int width : {1400, 1900, 1280}) {
    window->resize(width, 900);
    EXPECT_TRUE(wait_for([&] {
      return cluster->width() <= 400 && timeline->x() - cluster->geometry().right() < 20 &&
             timeline->geometry().right() > width - 20;
    })) << width
        << ": cluster " << cluster->width() << ", timeline from " << timeline->x() << " to "
        << timeline->geometry().right();
  }
}

TEST_F(LiveWindowTest, DroppedRecordsAreReportedWhileLiveAndCountedOnceAtTheEnd) {
  attach();
  const auto* bar = window->findChild<QLabel*>("liveStatus");
  const auto* figures = window->findChild<QLabel*>("clusterFigures");
  EXPECT_THAT(bar->text().toStdString(), HasSubstr(" 0 dropped"));
  node.drop(1234);
  ASSERT_TRUE(wait_for([&] { return bar->text().contains(" 1,234 dropped"); }))
      << bar->text().toStdString();
  EXPECT_THAT(figures->text().toStdString(), HasSubstr(" 1,234 dropped"));
  node.end();
  ASSERT_TRUE(wait_for([this] { return live().phase() == LiveState::Ended; }));
  EXPECT_EQ(live().state().dropped_records, 1234U);
  EXPECT_THAT(figures->text().toStdString(), HasSubstr(" 1,234 dropped"));
}

TEST_F(LiveWindowTest, PanningPausesAndTheKeyResumes) {
  attach();
  serveAndWait(4000);
  window->selection().pan(-0.5);
  const TimeRange paused = window->selection().range();
  serveAndWait(3000);
  EXPECT_EQ(window->selection().range(), paused);
  QTest::keyClick(window.get(), Qt::Key_L);
  EXPECT_TRUE(window->live().follow().following());
  EXPECT_EQ(window->selection().range().end, window->selection().full().end);
}

TEST_F(LiveWindowTest, StopKeepsTheRecordingOpen) {
  attach();
  serveAndWait(2000);
  const auto spans = window->document().trace()->span_count();
  const QString file = live().recording();
  window->actionRegistry().trigger("live.stop");
  ASSERT_TRUE(wait_for([&] {
    return live().phase() == LiveState::Ended && window->document().trace() &&
           !window->document().trace()->in_memory();
  }));
  EXPECT_EQ(window->document().files(), QStringList{file});
  EXPECT_EQ(window->document().trace()->span_count(), spans);
  EXPECT_FALSE(node.stopped) << "an attached node goes on";
  EXPECT_EQ(window->session().recent().front().files, QStringList{file});
  EXPECT_FALSE(window->live().follow().action()->isEnabled());
}

TEST_F(LiveWindowTest, StopKeepsTheLiveAnalysisUntilThatOfTheFileIsThere) {
  attach();
  serveAndWait(4000);
  node.load(1.2);
  ASSERT_TRUE(wait_for([this] {
    node.serve(10);
    return window->document().analysis() && window->loads().loads();
  }));
  window->selection().setRange({1'000'000'000, 2'000'000'000});
  const TimeRange looked_at = window->selection().range();
  const auto windows = window->loads().windows();
  auto* label = window->findChild<QLabel*>("rangeLabel");
  const QString range_text = label->text();
  int blank = 0;
  const auto look = [&] {
    if (!window->document().trace() || !window->document().analysis() || !window->loads().loads() ||
        window->selection().range() != looked_at || label->text() != range_text)
      ++blank;
  };
  // Queued: what counts is what can be drawn.
  for (const auto signal : {&TraceDocument::traceChanged, &TraceDocument::analysisChanged})
    QObject::connect(&window->document(), signal, window.get(), look, Qt::QueuedConnection);
  QObject::connect(&window->loads(), &LoadDocument::loadsChanged, window.get(), look);
  QObject::connect(&window->selection(), &Selection::rangeChanged, window.get(), look);
  slow_file = true;
  window->actionRegistry().trigger("live.stop");
  ASSERT_TRUE(wait_for([this] { return live().phase() == LiveState::Ended; }));
  QTest::qWait(300);
  EXPECT_TRUE(window->document().trace()->in_memory()) << "the file is not analysed yet";
  look();
  EXPECT_TRUE(window->findChild<QWidget*>("jobStatus")->isVisible()) << "and that is shown";
  file_read.release();
  ASSERT_TRUE(wait_for([this] { return !window->document().trace()->in_memory(); }));
  EXPECT_TRUE(window->document().analysis());
  look();
  EXPECT_EQ(blank, 0) << "times that something was blank or moved";
  ASSERT_TRUE(wait_for([this] { return !window->loads().growing(); }));
  EXPECT_EQ(window->loads().windows(), windows);
  EXPECT_EQ(window->document().files(), QStringList{live().recording()});
}

TEST_F(LiveWindowTest, AnotherTraceThatIsOpenedAfterStopIsNotReplacedByTheRecording) {
  attach();
  serveAndWait(2000);
  slow_file = true;
  window->actionRegistry().trigger("live.stop");
  ASSERT_TRUE(wait_for([this] { return live().phase() == LiveState::Ended; }));
  window->loader().close();
  file_read.release();
  QTest::qWait(300);
  EXPECT_FALSE(window->document().trace());
}

TEST_F(LiveWindowTest, LostKeepsTheTraceAndReconnects) {
  attach();
  serveAndWait(1000);
  node.broken = true;
  node.serve(10);
  ASSERT_TRUE(wait_for([this] { return live().phase() == LiveState::Lost; }));
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("the connection is cut"));
  EXPECT_GE(window->document().trace()->span_count(), 3000U);
  auto* reconnect = window->findChild<QPushButton*>("clusterReconnect");
  EXPECT_FALSE(reconnect->isHidden());
  node.broken = false;
  reconnect->click();
  ASSERT_TRUE(wait_for([this] { return live().phase() == LiveState::Live; }))
      << live().state().reason.toStdString();
  serveAndWait(1000);
}

TEST_F(LiveWindowTest, ANodeThatFailsSaysWhyAndTheTraceStays) {
  attach();
  serveAndWait(1000);
  node.end("the node failed: rank 3, step 7: fails on purpose");
  ASSERT_TRUE(wait_for([this] { return live().phase() == LiveState::Lost; }));
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("rank 3, step 7"));
  EXPECT_GE(window->document().trace()->span_count(), 3000U);
}

TEST_F(LiveWindowTest, RefusedPlanLeavesAllAsItWas) {
  attach();
  node.refusal = "expert 3 has no replica";
  edit({0, 2, 1, 3});
  ASSERT_TRUE(wait_for([this] { return panel().step() == Step::Ready; }));
  press("applyCheck");
  ASSERT_TRUE(wait_for([this] { return panel().step() == Step::Ended; }));
  EXPECT_THAT(panel().text().toStdString(), HasSubstr("expert 3 has no replica"));
  EXPECT_THAT(panel().text().toStdString(), HasSubstr("Nothing was changed"));
  EXPECT_TRUE(node.applied.empty());
  press("applyClose");
  EXPECT_EQ(panel().step(), Step::Ready) << "the edited plan is still there to fix";
}

TEST_F(LiveWindowTest, AppliesAfterShowingWhatMovesAndRollsBack) {
  attach();
  node.load(1.6);
  edit({0, 2, 1, 3});
  ASSERT_TRUE(wait_for([this] {
    return panel().step() == Step::Ready &&
           live().state().status->units.front().imbalance.front() == 1.6;
  }));
  ASSERT_TRUE(wait_for([this] {
    node.serve(10);
    return window->loads().loads() != nullptr;
  }));
  press("applyCheck");
  ASSERT_TRUE(wait_for([this] { return panel().step() == Step::Confirm; }));
  EXPECT_THAT(panel().text().toStdString(), HasSubstr("2 copies"));
  EXPECT_EQ(panel().findChild<QTableWidget*>("applyMoves")->rowCount(), 2);
  EXPECT_TRUE(node.applied.empty()) << "a dry run changes nothing";
  press("applyNow");
  ASSERT_TRUE(wait_for([this] { return panel().step() == Step::Ended; }));
  EXPECT_THAT(panel().text().toStdString(), HasSubstr("4 of 4 slots"));
  EXPECT_EQ(parse_plan(node.applied, "applied").plan, FakeNode::plan({0, 2, 1, 3}));
  for (int i = 0; i < 2; ++i) node.serve(1500);  // until it has settled
  node.load(1.4);
  auto* effect = panel().findChild<QTableWidget*>("applyEffect");
  ASSERT_TRUE(wait_for([&] {
    node.serve(10);
    return effect->rowCount() > 0 && effect->item(0, 3)->text().startsWith("1.40");
  }));
  EXPECT_EQ(effect->item(0, 3)->text(), "1.40\n(+7.7 %)") << "worse than before";
  EXPECT_EQ(effect->item(0, 3)->foreground().color(), worse_color(Theme::of(window->palette())));
  EXPECT_EQ(effect->item(0, 1)->text(), "1.30") << "mean of the reported windows: 1.00, 1.60";
  EXPECT_THAT(effect->item(0, 2)->text().toStdString(), testing::StartsWith("1.40"));
  EXPECT_THAT(panel().findChild<QLabel*>("applyVerdict")->text().toStdString(),
              HasSubstr("not predicted"))
      << "nothing is known of this node's steps";
  const auto* log = window->findChild<QTableView*>("clusterLog")->model();
  ASSERT_TRUE(wait_for([&] { return log->rowCount() == 1; }));
  EXPECT_THAT(log->index(0, PlanLogModel::Imbalance).data().toString().toStdString(),
              testing::MatchesRegex("1.30 / 1.40.* / 1.40.*"));
  ASSERT_TRUE(
      wait_for([this] { return panel().findChild<QPushButton*>("applyRollBack")->isEnabled(); }));
  press("applyRollBack");
  ASSERT_TRUE(wait_for(
      [this] { return live().state().status && live().state().status->history.size() == 2; }));
  for (int i = 0; i < 2; ++i) node.serve(1500);
  node.load(1.7);
  // The rollback is the newest row, and the node keeps for others what both changes did.
  ASSERT_TRUE(wait_for([&] {
    node.serve(10);
    const auto& history = live().state().status->history;
    return history[0].effect && history[1].effect && history[1].effect->imbalance.measured;
  }));
  EXPECT_THAT(log->index(0, PlanLogModel::Imbalance).data().toString().toStdString(),
              testing::MatchesRegex("1.[0-9]+ / 1.[0-9]+.* / 1.70.*"));
  EXPECT_EQ(node.status(false).history[0].effect->imbalance.measured, 1.4);
}

TEST_F(LiveWindowTest, ApplyAndCompareShowTheSameCopiesAndBytes) {
  attach();
  ASSERT_TRUE(wait_for([this] { return !window->plans().document().empty(); }));
  window->plans().document().replace(FakeNode::plan({0, 2, 1, 3}), "edit");
  ASSERT_TRUE(wait_for([this] { return panel().step() == Step::Ready; }));
  press("applyCheck");
  ASSERT_TRUE(wait_for([this] { return panel().step() == Step::Confirm; }));
  const PlanCopies moves = window->plans().document().moves();
  EXPECT_EQ(moves.copies_in_all(), 2);
  EXPECT_EQ(moves.bytes_in_all(), 4096.0);
  EXPECT_THAT(panel().text().toStdString(),
              testing::AllOf(HasSubstr("2 copies"), HasSubstr("4.00 KiB")));
}

TEST_F(LiveWindowTest, ReturnTwiceNeitherAppliesNorRollsBack) {
  attach();
  edit({0, 2, 1, 3});
  ASSERT_TRUE(wait_for([this] { return panel().step() == Step::Ready; }));
  window->activateWindow();
  ASSERT_TRUE(QTest::qWaitForWindowActive(window.get()));
  auto* check = panel().findChild<QPushButton*>("applyCheck");
  window->layouts().reveal("cluster");
  check->setFocus();
  for (int i = 0; i < 3; ++i) {
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
    if (i == 0) {
      ASSERT_TRUE(wait_for([this] { return panel().step() == Step::Confirm; }));
    }
    EXPECT_NE(QApplication::focusWidget(), panel().findChild<QPushButton*>("applyNow"));
    EXPECT_NE(QApplication::focusWidget(), panel().findChild<QPushButton*>("applyRollBack"));
    if (panel().step() != Step::Confirm) break;
  }
  EXPECT_TRUE(node.applied.empty());
}

TEST_F(LiveWindowTest, APlanChangeOfANodeThatWasLeftIsNotTakenForOneOfTheNext) {
  attach();
  edit({0, 2, 1, 3});
  ASSERT_TRUE(wait_for([this] { return panel().step() == Step::Ready; }));
  press("applyCheck");
  ASSERT_TRUE(wait_for([this] { return panel().step() == Step::Confirm; }));
  node.slow_to_apply = true;
  press("applyNow");
  ASSERT_TRUE(wait_for([this] { return node.applying.try_acquire(); }));
  live().attach("fake:2", {});
  EXPECT_EQ(panel().step(), Step::Ended);
  EXPECT_THAT(panel().text().toStdString(), HasSubstr("was left while its plan changed"));
  node.go_on.release();
  ASSERT_TRUE(wait_for([this] {
    return live().phase() == LiveState::Live && live().state().status &&
           !live().state().status->history.empty();
  }));
  EXPECT_THAT(panel().text().toStdString(), testing::Not(HasSubstr("4 of 4 slots")));
}

TEST_F(LiveWindowTest, ControlsChangeTheNode) {
  attach();
  auto* workers = window->findChild<QSpinBox*>("clusterCommWorkers");
  ASSERT_TRUE(wait_for([&] { return workers->value() == 1; }));
  workers->setValue(2);
  ASSERT_TRUE(wait_for(
      [this] { return live().state().status->units.front().requested.communication == 2; }));
  window->findChild<QDoubleSpinBox*>("clusterRate")->setValue(35);
  ASSERT_TRUE(wait_for([this] { return !node.workload.empty(); }));
  EXPECT_EQ(node.workload, "rate=35,period=20");
}

TEST_F(LiveWindowTest, OpeningAnotherTraceEndsTheSession) {
  attach();
  window->loader().close();
  ASSERT_TRUE(wait_for([this] { return live().phase() == LiveState::Ended; }));
  EXPECT_FALSE(window->document().trace());
}

TEST_F(LiveWindowTest, RefusedTargetIsReportedWhereItIsTyped) {
  window->live().attachAction()->trigger();
  AttachPanel& attach_panel = window->live().attachPanel();
  EXPECT_FALSE(attach_panel.isHidden());
  attach_panel.setTarget("nonsense");
  attach_panel.findChild<QPushButton*>("attachGo")->click();
  EXPECT_FALSE(attach_panel.findChild<QLabel*>("attachProblem")->text().isEmpty());
  EXPECT_EQ(live().phase(), LiveState::Idle);
}

TEST_F(LiveWindowTest, NobodyListeningIsReportedAndCanBeTriedAgain) {
  node.broken = true;
  live().attach("fake:1", {});
  ASSERT_TRUE(wait_for([this] { return live().phase() == LiveState::Lost; }));
  EXPECT_THAT(live().state().reason.toStdString(), HasSubstr("nobody listens"));
  node.broken = false;
  live().reconnect();
  node.serve(100);
  EXPECT_TRUE(wait_for([this] { return live().phase() == LiveState::Live; }));
}

TEST_F(LiveWindowTest, ANodeThatAnswersAfterStopIsNotRecorded) {
  slow = true;
  live().attach("fake:1", {});
  ASSERT_TRUE(wait_for([this] { return connecting.load(); }));
  live().stop();
  EXPECT_EQ(live().phase(), LiveState::Ended);
  answer.release();
  QTest::qWait(200);
  EXPECT_EQ(live().phase(), LiveState::Ended);
  EXPECT_FALSE(live().snapshot());
  EXPECT_TRUE(QDir(folder.filePath("recordings")).isEmpty());
}

TEST_F(LiveWindowTest, AStateThatCannotBeReadIsReportedAndTheRecordingGoesOn) {
  node.unreadable = true;
  live().attach("fake:1", {});
  int failures = 0;
  QObject::connect(&live(), &LiveSession::failed, window.get(), [&] { ++failures; });
  ASSERT_TRUE(wait_for([&] { return failures > 0 && live().phase() == LiveState::Live; }));
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("is number 9"));
  node.serve(100);
  ASSERT_TRUE(wait_for([this] { return window->document().trace() != nullptr; }));
  QTest::qWait(1500);  // it is asked again
  EXPECT_EQ(failures, 1);
  node.unreadable = false;
  EXPECT_TRUE(wait_for([this] { return live().state().status.has_value(); }));
}

TEST_F(LiveWindowTest, MissingRuntimeIsReported) {
  live().startEmbedded();
  EXPECT_EQ(live().phase(), LiveState::Lost);
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("moescope-node"));
}

class ViewerWindowTest : public LiveWindowTest {
 protected:
  ViewerWindowTest() { role = PeerRole::Viewer; }
};

TEST_F(ViewerWindowTest, MayWatchButNotChange) {
  attach();
  edit({0, 2, 1, 3});
  EXPECT_EQ(panel().step(), Step::Unavailable);
  EXPECT_THAT(panel().text().toStdString(), HasSubstr("operator"));
}

}  // namespace
}  // namespace moescope::test
