// The one box of the tool bar: spans, commands, steps and SQL.
#include "views/shell/omnibox.h"

#include <gmock/gmock.h>

#include <QSettings>
#include <QSignalSpy>
#include <QTest>

#include "app/window/main_window.h"
#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"
#include "views/common/destructive_action.h"
#include "views/query/query_view.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::HasSubstr;
using testing::StartsWith;

TEST(OmniInput, PrefixesSayWhatIsMeant) {
  const auto read = [](const char* text) { return read_omni_input(QString::fromUtf8(text)); };
  EXPECT_EQ(read(" gemm ").kind, OmniKind::Spans);
  EXPECT_EQ(read(" gemm ").text, "gemm");
  EXPECT_EQ(read("> open").kind, OmniKind::Commands);
  EXPECT_EQ(read("> open").text, "open");
  EXPECT_EQ(read("#12").kind, OmniKind::Step);
  EXPECT_EQ(read("@ 7").kind, OmniKind::Layer);
  EXPECT_EQ(read("@ 7").text, "7");
  EXPECT_EQ(read("=SELECT 1").text, "SELECT 1");
  EXPECT_EQ(read("SQL select 1").kind, OmniKind::Sql);
  EXPECT_EQ(read("sqlite3_step").kind, OmniKind::Spans) << "a name that begins like a prefix";
}

class OmniboxTest : public testing::Test {
 protected:
  void SetUp() override {
    host.resize(800, 400);
    box.setParent(&host);
    box.resize(300, 30);
    elsewhere.setParent(&host);
    elsewhere.move(0, 200);
    elsewhere.setFocusPolicy(Qt::StrongFocus);
    host.show();
    host.activateWindow();
    elsewhere.setFocus();
    ASSERT_TRUE(wait_for([this] { return elsewhere.hasFocus(); }));
    add("File", "Close trace", true);
    add("View", "Close-up", false);
    add("Plan", "Plan", false);
    box.setCommands([this] { return commands; });
    box.setTraceOpen(true);
    QObject::connect(&box, &Omnibox::nextWanted, [this] { ++next; });
  }
  void add(const QString& group, const QString& text, bool destructive) {
    auto* action = new QAction(text, &host);
    if (destructive) mark_destructive(action);
    QObject::connect(action, &QAction::triggered, [this, text] { run << text; });
    commands.append({action, group, {}});
  }
  std::string line(int row) const {
    const auto* item = box.choices()->list().item(row);
    return item != nullptr ? item->text().toStdString() : "none";
  }
  QWidget host;
  QWidget elsewhere;
  Omnibox box;
  CommandList commands;
  QStringList run;
  int next = 0;
};

TEST_F(OmniboxTest, AnAtSignGoesToALayerAndStaysForItsNextRun) {
  QSignalSpy wanted(&box, &Omnibox::layerWanted);
  box.begin("@");
  QTest::keyClicks(&box, "7");
  QTest::keyClick(&box, Qt::Key_Return);
  ASSERT_EQ(wanted.size(), 1);
  EXPECT_EQ(wanted[0][0].toInt(), 7);
  EXPECT_EQ(box.text(), "@7");
}

TEST_F(OmniboxTest, APlainNameFindsSpansAndSaysHowMany) {
  QSignalSpy wanted(&box, &Omnibox::spansWanted);
  box.begin({});
  QTest::keyClicks(&box, "gemm");
  ASSERT_FALSE(wanted.isEmpty());
  EXPECT_EQ(wanted.last().front().toString(), "gemm");
  QTest::keyClick(&box, Qt::Key_Return);
  EXPECT_EQ(next, 0) << "nothing is known yet";
  box.showFound(214, "214 found");
  EXPECT_EQ(next, 1) << "Return was pressed before the answer came";
  EXPECT_EQ(box.findChild<QLabel*>("omniCount")->text(), "214 found");
  QTest::keyClick(&box, Qt::Key_Return);
  EXPECT_EQ(next, 2) << "the field keeps the keyboard";
}

TEST_F(OmniboxTest, CommandsOfThatNameStandBelowTheSpansAndNeverDestructiveOnes) {
  box.begin({});
  QTest::keyClicks(&box, "close");
  box.showFound(3, "3 found");
  EXPECT_THAT(line(0), HasSubstr("3 found"));
  EXPECT_THAT(line(1), StartsWith("List all"));
  EXPECT_THAT(line(2), StartsWith("View:  Close-up"));
  EXPECT_EQ(box.choices()->list().count(), 3);
  box.showFound(0, "0 found");
  EXPECT_THAT(line(0), StartsWith("View:  Close-up")) << "no span: the command is meant";
}

TEST_F(OmniboxTest, ACommandRunsWhereTheKeyboardWas) {
  box.begin({});
  QTest::keyClicks(&box, "gemm");
  box.begin(">");
  QTest::keyClicks(&box, "plan");
  QTest::keyClick(&box, Qt::Key_Return);
  EXPECT_TRUE(wait_for([this] { return run == QStringList{"Plan"}; }));
  EXPECT_TRUE(elsewhere.hasFocus());
  EXPECT_EQ(box.text(), "gemm") << "what was looked for comes back";
  EXPECT_FALSE(box.choices()->isVisible());
}

TEST_F(OmniboxTest, StepsAndSqlByPrefix) {
  QSignalSpy step(&box, &Omnibox::stepWanted), sql(&box, &Omnibox::sqlWanted);
  box.begin("#");
  QTest::keyClick(&box, Qt::Key_Return);
  EXPECT_TRUE(step.isEmpty());
  QTest::keyClicks(&box, "12");
  QTest::keyClick(&box, Qt::Key_Return);
  ASSERT_EQ(step.size(), 1);
  EXPECT_EQ(step.front().front().toULongLong(), 12U);
  EXPECT_EQ(box.text(), "");
  box.begin("=");
  QTest::keyClicks(&box, "SELECT 1");
  QTest::keyClick(&box, Qt::Key_Return);
  ASSERT_EQ(sql.size(), 1);
  EXPECT_EQ(sql.front().front().toString(), "SELECT 1");
}

TEST_F(OmniboxTest, EscapeClosesTheListThenGoesBack) {
  box.begin({});
  QTest::keyClicks(&box, "gemm");
  EXPECT_TRUE(box.choices()->isVisible());
  EXPECT_GT(box.choices()->visibleRegion().boundingRect().height(), box.height());
  QTest::keyClick(&box, Qt::Key_Escape);
  EXPECT_FALSE(box.choices()->isVisible());
  EXPECT_EQ(box.text(), "gemm");
  QTest::keyClick(&box, Qt::Key_Escape);
  EXPECT_EQ(box.text(), "");
  EXPECT_TRUE(elsewhere.hasFocus());
}

TEST_F(OmniboxTest, WithoutATraceItOnlyRunsCommands) {
  box.setTraceOpen(false);
  box.begin({});
  QTest::keyClicks(&box, "plan");
  EXPECT_THAT(line(0), StartsWith("Plan:  Plan"));
  box.begin("#");
  QTest::keyClicks(&box, "1");
  EXPECT_EQ(box.choices()->list().count(), 0);
}

TEST(OmniboxInWindow, SqlIsRunInTheQueryDockAndAMissingStepIsSaid) {
  QSettings().clear();
  WindowServices services;
  services.files.open = [](const std::vector<std::filesystem::path>&, OtherRuns, Progress&) {
    return test::make_trace({{"gemm", 0, 50}, {"gemm", 100, 50}, {"softmax", 200, 50}});
  };
  MainWindow window{std::move(services)};
  window.show();
  window.openFiles({"good.json"});
  ASSERT_TRUE(wait_for([&] { return window.document().analysis() != nullptr; }));
  auto* box = window.findChild<Omnibox*>("omnibox");
  window.findChild<QAction*>("edit.find")->trigger();
  QTest::keyClicks(box, "gemm");
  ASSERT_TRUE(wait_for([&] { return box->findChild<QLabel*>("omniCount")->text() == "2 found"; }));
  QTest::keyClick(box, Qt::Key_Return);
  EXPECT_EQ(window.selection().currentSpan(), (SpanRef{0, 0}));
  box->begin("=");
  QTest::keyClicks(box, "SELECT count(*) FROM spans");
  QTest::keyClick(box, Qt::Key_Return);
  auto& query = window.layouts().view<QueryView>("query");
  EXPECT_TRUE(wait_for([&] { return !query.busy() && query.result().rowCount() == 1; }));
  EXPECT_TRUE(query.isVisible());
  window.findChild<QAction*>("edit.go_to_step")->trigger();
  QTest::keyClicks(box, "99");
  QTest::keyClick(box, Qt::Key_Return);
  EXPECT_TRUE(wait_for([&] { return window.messages().text().contains("no step 99"); }))
      << window.messages().text().toStdString();
}

}  // namespace
}  // namespace moescope
