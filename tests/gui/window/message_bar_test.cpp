// Messages lie over the lower right of the window: nothing moves for them, and what matters stays.
#include "app/window/session/message_bar.h"

#include <gmock/gmock.h>

#include <QMainWindow>
#include <QPushButton>
#include <QStatusBar>
#include <QTest>

#include "app/window/appearance.h"
#include "tests/gui/wait_for.h"

namespace moescope {
namespace {

using test::wait_for;

class MessageBarTest : public testing::Test {
 protected:
  void SetUp() override {
    apply_appearance("light");
    window.resize(1000, 600);
    window.setCentralWidget(button);
    window.statusBar()->show();
    button->setFocus();
    window.show();
    ASSERT_TRUE(wait_for([this] { return button->hasFocus(); }));
    bar.setStay(30);
  }
  void TearDown() override { apply_appearance("system"); }
  void show(UserMessage::Level level, const QString& text, const QString& details = {}) {
    bar.showMessage({level, text, details});
  }
  QColor middle() {
    const QImage picture = window.grab().toImage();
    return picture.pixelColor(bar.geometry().center().x(), bar.geometry().bottom() - 4);
  }

  QMainWindow window;
  QPushButton* button = new QPushButton("a control");
  MessageBar bar{&window};
};

TEST_F(MessageBarTest, noControlMovesAndTheStatusBarStaysFree) {
  const QRect before = button->geometry();
  show(UserMessage::Level::Error, "It failed.");
  QTest::qWait(20);
  EXPECT_EQ(button->geometry(), before);
  EXPECT_GT(bar.geometry().left(), window.width() / 2);
  EXPECT_LT(bar.geometry().right(), window.width());
  EXPECT_LE(bar.geometry().bottom(), window.statusBar()->geometry().top());
  window.resize(700, 500);
  EXPECT_TRUE(wait_for([&] { return bar.geometry().right() < 700; }));
  EXPECT_LE(bar.geometry().bottom(), window.statusBar()->geometry().top());
}

TEST_F(MessageBarTest, itIsAsHighAsItsText) {
  show(UserMessage::Level::Warning, "short");
  const int one = bar.height();
  show(UserMessage::Level::Warning, QString("words ").repeated(80));
  EXPECT_GT(bar.height(), one + 3 * bar.fontMetrics().lineSpacing());
  show(UserMessage::Level::Warning, "short again");
  EXPECT_EQ(bar.height(), one);
}

TEST_F(MessageBarTest, anInformationFadesAndAnErrorStays) {
  show(UserMessage::Level::Info, "Saved.");
  EXPECT_TRUE(bar.isVisible());
  EXPECT_TRUE(wait_for([&] { return bar.isHidden(); }));
  for (const auto level : {UserMessage::Level::Warning, UserMessage::Level::Error}) {
    show(level, "It failed.");
    QTest::qWait(900);
    EXPECT_TRUE(bar.isVisible());
  }
}

TEST_F(MessageBarTest, aQuestionStaysUntilItIsAnswered) {
  int answered = 0;
  bar.offer({UserMessage::Level::Info, "Compare?", {}}, {{"Compare", [&] { ++answered; }}});
  QTest::qWait(900);
  ASSERT_TRUE(bar.isVisible());
  bar.takeFocus();
  QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
  EXPECT_EQ(answered, 1);
  EXPECT_TRUE(bar.isHidden());
}

TEST_F(MessageBarTest, whatStaysCoversTheWindowForAWhileOnly) {
  QToolButton* folded = bar.foldedButton();
  window.statusBar()->addPermanentWidget(folded);
  folded->hide();
  bar.setUnfolded(30);
  show(UserMessage::Level::Warning, "Two events were skipped.");
  EXPECT_TRUE(folded->isHidden());
  ASSERT_TRUE(wait_for([&] { return bar.isHidden(); }));
  ASSERT_TRUE(folded->isVisible());
  EXPECT_EQ(folded->text(), "Warning");
  EXPECT_TRUE(folded->toolTip().contains("Two events were skipped."));
  EXPECT_EQ(bar.level(), UserMessage::Level::Warning) << "it is not closed";
  bar.setUnfolded(100000);
  folded->click();
  EXPECT_TRUE(bar.isVisible());
  EXPECT_TRUE(folded->isHidden());
  bar.clear();
  EXPECT_TRUE(folded->isHidden());
}

TEST_F(MessageBarTest, aFoldedErrorIsNotReplacedByAnInformationAndTheKeyboardUnfoldsIt) {
  bar.setUnfolded(30);
  show(UserMessage::Level::Error, "It failed.");
  ASSERT_TRUE(wait_for([&] { return bar.isHidden(); }));
  show(UserMessage::Level::Info, "Saved.");
  EXPECT_TRUE(bar.isHidden());
  bar.takeFocus();
  EXPECT_TRUE(bar.isVisible());
  EXPECT_EQ(bar.text(), "It failed.");
}

TEST_F(MessageBarTest, theKeyboardReachesItAndEscapeGivesItBack) {
  show(UserMessage::Level::Error, "It failed.");
  EXPECT_TRUE(button->hasFocus()) << "a message takes no focus by itself";
  bar.takeFocus();
  ASSERT_TRUE(bar.isAncestorOf(QApplication::focusWidget()));
  QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
  EXPECT_TRUE(bar.isHidden());
  EXPECT_TRUE(button->hasFocus());
}

TEST_F(MessageBarTest, anErrorDoesNotLookLikeAnInformationAndFollowsTheTheme) {
  show(UserMessage::Level::Info, "Saved.");
  const QColor info = middle();
  show(UserMessage::Level::Error, "It failed.");
  const QColor error = middle();
  EXPECT_NE(info, error);
  EXPECT_EQ(bar.findChild<QLabel*>("messageKind")->text(), "Error");
  apply_appearance("dark");
  EXPECT_TRUE(wait_for([&] { return middle().lightness() < 100; }))
      << middle().name().toStdString() << " was " << error.name().toStdString();
}

TEST_F(MessageBarTest, noButtonIsCutWhateverTheTexts) {
  const QString name = "a_recording_with_a_rather_long_name_of_the_second_of_two_runs.moetrace";
  const std::vector<std::pair<QString, MessageBar::Choices>> messages = {
      {"The recordings are not of one run. Merged on one time axis, their times cannot be "
       "compared.",
       {{"Compare", [] {}},
        {"Side by side", [] {}},
        {"Merge anyway", [] {}},
        {"Open in 2 windows", [] {}}}},
      {"Only one plan can be edited at a time.",
       {{"Compare with " + name + ' ' + name, [] {}}, {"Compare with b.json", [] {}}}}};
  for (const QSize size : {QSize(1600, 1000), QSize(1280, 800), QSize(420, 500)})
    for (const auto& [text, choices] : messages) {
      window.resize(size);
      bar.clear();
      bar.offer({UserMessage::Level::Warning, text, "details"}, choices);
      QTest::qWait(20);
      const auto* label = bar.findChild<QLabel*>("messageText");
      EXPECT_GE(label->height(), label->heightForWidth(label->width())) << text.toStdString();
      std::size_t visible = 0;
      for (const auto* one : bar.findChildren<QToolButton*>()) {
        if (!one->isVisible()) continue;
        ++visible;
        const QRect place(one->mapTo(&bar, QPoint()), one->size());
        EXPECT_TRUE(bar.rect().contains(place)) << one->text().toStdString();
        EXPECT_GE(one->width(), one->sizeHint().width()) << one->text().toStdString();
        EXPECT_TRUE(!one->text().contains(QChar(0x2026)) || one->toolTip().contains(name));
        for (const auto* other : bar.findChildren<QToolButton*>())
          if (other != one && other->isVisible()) {
            EXPECT_FALSE(place.intersects({other->mapTo(&bar, QPoint()), other->size()}));
          }
      }
      EXPECT_EQ(visible, choices.size() + 3) << "with Details, Copy and Close";
    }
}

}  // namespace
}  // namespace moescope
