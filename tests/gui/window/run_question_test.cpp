// Opening files that are not of one run in the window: it asks, and does what is chosen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QtTest>
#include <fstream>

#include "app/window/main_window.h"
#include "tests/gui/wait_for.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using test::TempFolder;
using test::wait_for;
using testing::AllOf;
using testing::HasSubstr;

class RunQuestionTest : public testing::Test {
 protected:
  void SetUp() override {
    QSettings().clear();
    window = std::make_unique<MainWindow>(WindowServices());
    window->show();
  }
  void TearDown() override {
    for (MainWindow* other : others()) delete other;
  }
  /// Rank `rank` of a run of two ranks; it records no wall clock and no collective.
  QString write(const char* name, int rank) {
    const auto path = dir_ / name;
    std::ofstream(path) << R"({"distributedInfo":{"rank":)" << rank
                        << R"(,"world_size":2},"traceEvents":[{"ph":"X","cat":"kernel",)"
                        << R"("name":"gemm","pid":0,"tid":8,"ts":0,"dur":10,)"
                        << R"("args":{"device":0,"stream":8}}]})";
    return QString::fromStdString(path.string());
  }
  QToolButton* choice(const QString& text) const {
    for (auto* button : window->messages().findChildren<QToolButton*>())
      if (button->isVisible() && button->text() == text) return button;
    return nullptr;
  }
  /// Opens a pair and waits for the question.
  void ask() {
    before = write("before.json", 0);
    after = write("after.json", 0);
    window->openFiles({before, after});
    ASSERT_TRUE(wait_for([&] { return choice("Merge anyway") != nullptr; }));
  }
  QList<MainWindow*> others() const {
    QList<MainWindow*> found;
    for (QWidget* widget : QApplication::topLevelWidgets())
      if (auto* other = qobject_cast<MainWindow*>(widget); other && other != window.get())
        found << other;
    return found;
  }
  bool shows(MainWindow& shown, const QStringList& files) const {
    return wait_for([&] {
      return shown.document().files() == files && shown.document().analysis() != nullptr;
    });
  }
  TempFolder dir_;
  QString before, after;
  std::unique_ptr<MainWindow> window;
};

TEST_F(RunQuestionTest, aPairIsNotMergedButAskedAbout) {
  const QString first = write("first.json", 1);
  window->openFiles({first});
  ASSERT_TRUE(shows(*window, {first}));
  ask();
  EXPECT_THAT(window->messages().text().toStdString(),
              AllOf(HasSubstr("before.json and after.json are not of one run"),
                    HasSubstr("rank 0 is in both")));
  EXPECT_THAT(window->messages().details().toStdString(),
              HasSubstr("run 2: " + after.toStdString()));
  EXPECT_NE(choice("Side by side"), nullptr);
  EXPECT_NE(choice("Open in 2 windows"), nullptr);
  EXPECT_EQ(window->document().files(), QStringList{first}) << "nothing is lost meanwhile";
  window->messages().showMessage({UserMessage::Level::Info, "Saved.", {}});
  EXPECT_NE(choice("Merge anyway"), nullptr) << "a question waits for its answer";
}

TEST_F(RunQuestionTest, mergeAnywayMergesAndSaysSo) {
  ask();
  choice("Merge anyway")->click();
  ASSERT_TRUE(shows(*window, {before, after}));
  EXPECT_EQ(window->document().trace()->processes().size(), 2U);
  EXPECT_THAT(window->messages().text().toStdString(),
              AllOf(HasSubstr("merged on request"), testing::Not(HasSubstr("clocks aligned"))));
}

TEST_F(RunQuestionTest, compareHoldsTheSecondRunAgainstTheFirst) {
  ask();
  choice("Compare")->click();
  ASSERT_TRUE(shows(*window, {after}));
  ASSERT_TRUE(wait_for([&] { return window->comparer().job().running() == false; }));
  EXPECT_EQ(window->compare().files(), QStringList{before});
  EXPECT_TRUE(others().isEmpty());
}

TEST_F(RunQuestionTest, aTraceThatTookThePlaceOfAnotherIsOfferedForComparison) {
  const QString first = write("first.json", 0), second = write("second.json", 0);
  window->openFiles({first});
  ASSERT_TRUE(shows(*window, {first}));
  EXPECT_EQ(choice("Compare with first.json"), nullptr);
  window->openFiles({second});
  ASSERT_TRUE(shows(*window, {second}));
  ASSERT_NE(choice("Compare with first.json"), nullptr);
  choice("Compare with first.json")->click();
  ASSERT_TRUE(wait_for([&] { return window->compare().files() == QStringList{first}; }));
}

TEST_F(RunQuestionTest, sideBySideOpensTheOtherRunBeside) {
  ask();
  choice("Side by side")->click();
  ASSERT_TRUE(shows(*window, {before}));
  ASSERT_EQ(others().size(), 1);
  EXPECT_TRUE(shows(*others().front(), {after}));
}

TEST_F(RunQuestionTest, separateOpensEveryRunInAWindow) {
  ask();
  choice("Open in 2 windows")->click();
  ASSERT_TRUE(shows(*window, {before}));
  ASSERT_EQ(others().size(), 1);
  EXPECT_TRUE(shows(*others().front(), {after}));
  EXPECT_NE(others().front()->pos(), window->pos());
}

TEST_F(RunQuestionTest, threeRunsAreNotComparedInPairs) {
  ask();
  const QString third = write("third.json", 0);
  window->openFiles({before, after, third});
  ASSERT_TRUE(wait_for([&] { return choice("Open in 3 windows") != nullptr; }));
  EXPECT_EQ(choice("Side by side"), nullptr);
}

}  // namespace
}  // namespace moescope
