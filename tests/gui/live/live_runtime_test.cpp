// The window and its embedded runtime end in all the ways that they can; what was recorded stays.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QDir>
#include <QFileInfo>

#include "core/loads/load_set.h"
#include "core/trace/file/moetrace.h"
#include "tests/gui/live/runtime_window.h"
#include "views/cluster/cluster_view.h"

namespace moescope::test {
namespace {

using testing::HasSubstr;

bool alive(qint64 pid) {
  return kill(static_cast<pid_t>(pid), 0) == 0;
}

class LiveRuntime : public RuntimeWindow {
 protected:
  /// Until there is something to lose: spans, figures and loads of both units.
  void serve() {
    live().startEmbedded();
    ASSERT_TRUE(wait_for([this] {
      return live().phase() == LiveState::Live && window->document().trace() &&
             window->document().trace()->span_count() > 2000 && window->document().analysis() &&
             window->loads().sets().size() == 2;
    })) << live().state().reason.toStdString();
  }
  QString socketFolder() const {
    return QFileInfo(live().node().target().mid(static_cast<int>(strlen("unix:")))).path();
  }
  /// The recording holds what the window shows, with the same figures.
  void expectRecorded(const QString& file) const {
    const TracePtr recorded = open_moetrace(file.toStdString());
    EXPECT_TRUE(wait_for([&] {
      return window->document().trace()->span_count() == recorded->span_count();
    })) << "the last that came is shown once the recording is complete";
    const TracePtr& shown = window->document().trace();
    EXPECT_EQ(recorded->range(), shown->range());
    const auto& rules = window->document().rules();
    const auto of_file = analyze_document(*recorded, rules)->overlap;
    const auto of_window = analyze_document(*shown, rules)->overlap;
    ASSERT_EQ(of_file.size(), 8U);
    ASSERT_EQ(of_window.size(), of_file.size());
    for (std::size_t i = 0; i < of_file.size(); ++i) {
      EXPECT_EQ(of_file[i].figures.comm, of_window[i].figures.comm) << "device " << i;
      EXPECT_EQ(of_file[i].figures.exposed, of_window[i].figures.exposed) << "device " << i;
      EXPECT_GT(of_file[i].figures.compute, 0) << "device " << i;
    }
    Progress progress;
    const auto loads = read_load_sets(file.toStdString(), progress);
    ASSERT_EQ(loads.size(), 2U);
    ASSERT_EQ(live().snapshot()->loads.size(), 2U);
    EXPECT_TRUE(wait_for([&] {
      const auto& shown_loads = live().snapshot()->loads;
      return shown_loads[0]->windows.size() == loads[0].windows.size() &&
             shown_loads[1]->windows.size() == loads[1].windows.size();
    })) << "the last window is whole once the recording is complete";
    const auto& live_loads = live().snapshot()->loads;
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(live_loads[i]->unit, loads[i].unit);
      EXPECT_TRUE(live_loads[i]->windows == loads[i].windows) << loads[i].unit;
      EXPECT_EQ(live_loads[i]->times, loads[i].times);
      EXPECT_EQ(live_loads[i]->measured, loads[i].measured);
      EXPECT_EQ(live_loads[i]->running_map, loads[i].running_map);
    }
  }
};

/// A rank of the decode unit throws while it serves.
class FaultyRuntime : public LiveRuntime {
 protected:
  FaultyRuntime() { program = {MOESCOPE_FAULTY_NODE, "5", "120"}; }
};

TEST_F(LiveRuntime, AKilledRuntimeIsReportedAndAllThatItRecordedStays) {
  serve();
  const qint64 pid = live().node().pid();
  ASSERT_GT(pid, 0);
  kill(static_cast<pid_t>(pid), SIGKILL);
  ASSERT_TRUE(wait_for([this] { return live().phase() == LiveState::Lost; }));
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("ended by a signal"));
  EXPECT_EQ(window->messages().level(), UserMessage::Level::Error);
  EXPECT_TRUE(window->document().trace()) << "the picture stays";
  EXPECT_TRUE(window->document().analysis());
  EXPECT_TRUE(window->loads().loads());
  const QString file = live().recording();
  EXPECT_EQ(window->session().recent().front().files, QStringList{file});
  ASSERT_TRUE(wait_for([&] { return !QFileInfo::exists(file + "-wal"); }))
      << "the recording becomes one complete file";
  expectRecorded(file);
  EXPECT_THAT(live().state().reason.toStdString(), HasSubstr("ended by a signal"))
      << "no later message hides why";
  live().reconnect();
  ASSERT_TRUE(wait_for([this] { return live().phase() == LiveState::Live; }))
      << live().state().reason.toStdString();
  EXPECT_NE(live().recording(), file) << "what was recorded is not written over";
}

TEST_F(FaultyRuntime, ARankThatFailsIsReportedWithItsReasonAndAllThatWasRecordedStays) {
  live().startEmbedded();
  ASSERT_TRUE(wait_for([this] { return live().phase() == LiveState::Lost; }))
      << phase_label(live().phase()).toStdString() << ": " << live().state().reason.toStdString();
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("exit code 1"));
  EXPECT_THAT(live().state().reason.toStdString(), HasSubstr("rank 5, step 120"));
  EXPECT_THAT(live().state().reason.toStdString(), HasSubstr("fails on purpose"));
  const QString file = live().recording();
  ASSERT_TRUE(wait_for([&] { return !QFileInfo::exists(file + "-wal"); }));
  expectRecorded(file);
}

TEST_F(LiveRuntime, StopKeepsTheRecordingOpenForAnalysis) {
  serve();
  const qint64 pid = live().node().pid();
  const QString file = live().recording();
  window->actionRegistry().trigger("live.stop");
  ASSERT_TRUE(wait_for([&] {
    const TracePtr& trace = window->document().trace();
    return live().phase() == LiveState::Ended && trace && !trace->in_memory() &&
           window->document().analysis();
  }));
  EXPECT_EQ(window->document().files(), QStringList{file});
  EXPECT_EQ(window->document().trace()->span_count(), live().snapshot()->trace->span_count());
  EXPECT_EQ(window->document().analysis()->overlap.size(), 8U);
  EXPECT_EQ(window->document().trace()->info().skipped.size(), 0U);
  expectRecorded(file);
  EXPECT_TRUE(wait_for([&] { return !alive(pid); })) << "the runtime is gone";
}

TEST_F(LiveRuntime, ClosingTheWindowLeavesNoProcessAndNoSocketFolder) {
  serve();
  const qint64 pid = live().node().pid();
  const QString sockets = socketFolder();
  const QString file = live().recording();
  ASSERT_TRUE(alive(pid));
  ASSERT_TRUE(QDir(sockets).exists());
  window->close();
  window.reset();
  EXPECT_FALSE(alive(pid));
  EXPECT_FALSE(QDir(sockets).exists()) << sockets.toStdString();
  EXPECT_FALSE(QFileInfo::exists(file + "-wal")) << "the recording is complete";
  EXPECT_GT(open_moetrace(file.toStdString())->span_count(), 2000U);
}

TEST_F(LiveRuntime, TheWindowGoesBeforeTheRuntimeThatItWatches) {
  serve();
  const auto pid = static_cast<id_t>(live().node().pid());
  EXPECT_GT(getpriority(PRIO_PROCESS, pid), getpriority(PRIO_PROCESS, 0));
}

TEST_F(LiveRuntime, ClosingTheWindowWhileItStartsLeavesNothingEither) {
  live().startEmbedded();
  ASSERT_TRUE(wait_for([this] { return live().node().running() && live().node().pid() > 0; }));
  const qint64 pid = live().node().pid();
  const QString sockets = socketFolder();
  window->close();
  window.reset();
  EXPECT_FALSE(alive(pid));
  EXPECT_FALSE(QDir(sockets).exists()) << sockets.toStdString();
}

/// What a child of a child writes when it goes on after end_with_parent(); nothing when it ends.
std::string said_after_the_parent_died(bool died_before) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) return "no pipe";
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t self = getpid();
    if (fork() == 0) {
      while (died_before && getppid() == self) usleep(1000);
      end_with_parent(self);
      static_cast<void>(!write(pipe_ends[1], "on", 2));
      pause();
    }
    if (!died_before) usleep(200'000);
    _exit(0);
  }
  close(pipe_ends[1]);
  waitpid(parent, nullptr, 0);
  std::string said;
  char bytes[8];
  // Ends when nobody holds the other side any more.
  for (ssize_t n = 0; (n = read(pipe_ends[0], bytes, sizeof(bytes))) > 0;)
    said.append(bytes, static_cast<std::size_t>(n));
  close(pipe_ends[0]);
  return said;
}

TEST(LiveNodeChild, EndsWithItsParentAlsoWhenThatDiedFirst) {
  EXPECT_EQ(said_after_the_parent_died(false), "on") << "lives until its parent dies";
  EXPECT_EQ(said_after_the_parent_died(true), "") << "its parent was gone before the call";
}

}  // namespace
}  // namespace moescope::test
