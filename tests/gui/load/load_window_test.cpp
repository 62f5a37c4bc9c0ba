// The window with expert loads and logs: opening, workspace, recent files, closing, recordings.
#include <gmock/gmock.h>

#include <QComboBox>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>
#include <fstream>

#include "app/window/files/load_loader.h"
#include "app/window/main_window.h"
#include "app/window/output/output_actions.h"
#include "core/trace/file/moetrace_writer.h"
#include "tests/gui/wait_for.h"
#include "tests/support/engine_dumps.h"
#include "views/balance/balance_view.h"
#include "views/load/load_view.h"
#include "views/shell/start_page.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::HasSubstr;

class LoadWindow : public testing::Test {
 protected:
  void SetUp() override {
    QSettings().clear();
    dump = write("loads.json", R"({"logical_count":[[[1,2,3,4],[4,3,2,1]],[[0,0,0,0],[0,0,0,0]]],)"
                               R"("layer_ids":[3,4]})");
    window = std::make_unique<MainWindow>(WindowServices());
    window->resize(1280, 800);
    window->show();
  }
  QString write(const QString& name, const std::string& bytes) {
    const QString path = folder.filePath(name);
    std::ofstream(path.toStdString(), std::ios::binary) << bytes;
    return path;
  }
  /// A recording with one span and, when asked for, one window of loads.
  QString record(const QString& name, bool with_loads) {
    const QString path = folder.filePath(name);
    MoetraceWriter writer(path.toStdString());
    const ProcessId process = writer.add_process({.label = "rank 0", .rank = 0});
    const TrackId track = writer.add_track({.process = process, .name = "t"});
    SpanBatch batch;
    batch.columns.push_back(
        Span{0, 1000, writer.strings().intern("step"), 0, 0, SpanKind::Annotation, 0});
    batch.columns.depth.clear();
    writer.append(track, std::move(batch));
    if (with_loads) writer.add_loads({0, 1000, 1, "logical", std::nullopt, {5, 1, 1, 1}});
    Progress progress;
    writer.finish(progress);
    return path;
  }
  bool dockShown(const char* id) const {
    const QDockWidget* dock = window->layouts().dock(id);
    return dock != nullptr && !dock->isHidden();
  }
  bool openLoads(const QString& path) {
    window->openFiles({path});
    return wait_for([this] { return window->loads().loads() != nullptr; });
  }

  QTemporaryDir folder;
  QString dump;
  std::unique_ptr<MainWindow> window;
};

TEST_F(LoadWindow, ADumpOpensTheWorkspaceOfLoads) {
  ASSERT_TRUE(openLoads(dump));
  EXPECT_FALSE(window->document().trace());
  EXPECT_TRUE(dockShown("load"));
  EXPECT_TRUE(dockShown("balance"));
  EXPECT_FALSE(dockShown("timeline"));
  EXPECT_FALSE(dockShown("sm"));
  EXPECT_FALSE(window->findChild<StartPage*>()->isVisible());
  EXPECT_THAT(window->windowTitle().toStdString(), HasSubstr("loads.json"));
  ASSERT_EQ(window->session().recent().size(), 1U);
  EXPECT_EQ(window->session().recent()[0].files, QStringList{dump});
}

TEST_F(LoadWindow, SeveralDumpsOfAKindAreOneSeriesOthersFurtherEntries) {
  const QString more = write("loads10.json", R"({"logical_count":[[[8,2,3,4],[4,3,2,1]]],)"
                                             R"("layer_ids":[3,4]})");
  const QString other = write("other.csv", "1,2,3\n");
  const QString broken = write("broken.json", R"({"logical_count":[[1,2],[3]]})");
  window->openFiles({other, more, broken, dump});
  ASSERT_TRUE(wait_for([this] { return window->loads().loads() != nullptr; }));
  ASSERT_EQ(window->loads().sets().size(), 2U);
  const LoadSet& series = *window->loads().sets()[0];
  ASSERT_EQ(series.windows.size(), 2U);  // one of the first file is empty and was left out
  EXPECT_EQ(series.windows[0][0][0], 1);
  EXPECT_EQ(series.windows[1][0][0], 8);
  EXPECT_EQ(window->loads().sets()[1]->experts, 3);
  auto* entries = window->findChild<QComboBox*>("loadUnit");
  ASSERT_EQ(entries->count(), 2);
  EXPECT_EQ(entries->itemText(1), "other.csv");
  EXPECT_FALSE(entries->isHidden());
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("broken.json was not opened"));
}

TEST_F(LoadWindow, TrapsThatTheReaderFindsAreReported) {
  ASSERT_TRUE(openLoads(dump));
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("1 of 2 windows are all zero"));
}

TEST_F(LoadWindow, ClosingGoesBackToTheStartPage) {
  ASSERT_TRUE(openLoads(dump));
  auto* close = window->findChild<QAction*>("file.close");
  ASSERT_TRUE(close->isEnabled());
  close->trigger();
  EXPECT_TRUE(window->loads().empty());
  EXPECT_TRUE(window->findChild<StartPage*>()->isVisible());
  EXPECT_FALSE(dockShown("load"));
}

TEST_F(LoadWindow, ARecordingIsATraceAndLoads) {
  ASSERT_TRUE(openLoads(record("a.moetrace", true)));
  ASSERT_TRUE(wait_for([this] { return window->document().trace() != nullptr; }));
  EXPECT_TRUE(dockShown("timeline"));
  EXPECT_TRUE(dockShown("load"));
  EXPECT_EQ(window->loads().loads()->windows[0][0][0], 5);
  // Another recording without loads takes the old ones away.
  window->openFiles({record("b.moetrace", false)});
  EXPECT_TRUE(wait_for([this] { return window->loads().loads() == nullptr; }));
}

TEST_F(LoadWindow, LoadsStayBesideATraceThatIsOpenedLater) {
  ASSERT_TRUE(openLoads(dump));
  const QString trace =
      write("t.json",
            R"({"traceEvents":[{"ph":"X","cat":"kernel","name":"k","pid":0,"tid":7,"ts":0,"dur":5,)"
            R"("args":{"device":0,"stream":7}}]})");
  window->openFiles({trace});
  ASSERT_TRUE(wait_for([this] { return window->document().trace() != nullptr; }));
  EXPECT_THAT(window->findChild<QLabel*>("fileStatus")->text().toStdString(),
              HasSubstr("loads: loads.json"));
  EXPECT_TRUE(window->loads().loads());
  EXPECT_TRUE(dockShown("timeline"));
}

TEST_F(LoadWindow, ABrokenDumpLeavesTheOpenOneAndSaysWhy) {
  ASSERT_TRUE(openLoads(dump));
  const LoadsPtr before = window->loads().loads();
  window->openFiles({write("broken.json", R"({"logical_count":[[1,2],[3]]})")});
  ASSERT_TRUE(wait_for([this] { return window->messages().level() == UserMessage::Level::Error; }));
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("layer 1"));
  EXPECT_EQ(window->loads().loads(), before);
}

TEST_F(LoadWindow, AnArrayThatCouldBeCountsOrRoutesIsAskedAbout) {
  ASSERT_TRUE(openLoads(dump));
  LoadsPtr before = window->loads().loads();
  const QString array =
      write("array.npy", test::npy_file("<i4", "(2, 1, 2)", test::int32_bytes({1, 2, 3, 4})));
  const auto choose = [&](const QString& text) {
    window->openFiles({array});
    QToolButton* button = nullptr;
    ASSERT_TRUE(wait_for([&] {
      for (auto* choice : window->messages().findChildren<QToolButton*>())
        if (choice->isVisible() && choice->text() == text) button = choice;
      return button != nullptr;
    }));
    EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("could be counts of tokens"));
    EXPECT_EQ(window->loads().loads(), before) << "nothing changes until it is answered";
    button->click();
    ASSERT_TRUE(wait_for([&] { return window->loads().loads() != before; }));
  };
  choose("Open as routes");
  EXPECT_EQ(window->loads().loads()->format, "routes (NPY)");
  EXPECT_EQ(window->loads().loads()->experts, 5);
  ASSERT_TRUE(openLoads(dump));
  ASSERT_TRUE(wait_for([&] { return window->loads().loads()->experts == 4; }));
  before = window->loads().loads();
  choose("Open as counts");
  EXPECT_EQ(window->loads().loads()->windows[1][0], (std::vector<double>{3, 4}));
}

TEST_F(LoadWindow, ALogOpensInTheBalanceView) {
  window->openFiles({write(
      "server.log", "[Expert Balancedness] forward_pass_id=1 current_pass_balancedness=0.5\n")});
  ASSERT_TRUE(wait_for([this] { return window->loads().balanceLog() != nullptr; }));
  EXPECT_TRUE(dockShown("balance"));
  EXPECT_FALSE(dockShown("timeline"));
}

TEST_F(LoadWindow, TheReportOfLoadsAloneHasTheirTable) {
  ASSERT_TRUE(openLoads(dump));
  const QString path = folder.filePath("r.html");
  window->findChild<OutputActions*>()->writeReport(path);
  QFile file(path);
  ASSERT_TRUE(file.open(QIODevice::ReadOnly));
  const std::string html = file.readAll().toStdString();
  EXPECT_THAT(html, HasSubstr("Balance of expert loads"));
  EXPECT_THAT(html, HasSubstr("load chart"));
}

TEST_F(LoadWindow, TheArrangementOfLoadsIsKeptApart) {
  ASSERT_TRUE(openLoads(dump));
  window->layouts().dock("balance")->hide();
  window->close();
  window = std::make_unique<MainWindow>(WindowServices());
  window->show();
  ASSERT_TRUE(openLoads(dump));
  EXPECT_FALSE(dockShown("balance"));
  EXPECT_TRUE(dockShown("load"));
  EXPECT_FALSE(dockShown("timeline"));
}

}  // namespace
}  // namespace moescope
