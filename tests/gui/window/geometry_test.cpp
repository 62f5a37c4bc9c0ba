// The window in every layout, with a recording open: texts are whole or told, controls are inside,
// and times are on the same pixels. At the sizes of a laptop and of a desk, and with large text.
#include <gmock/gmock.h>

#include <QApplication>
#include <QSettings>
#include <QTabBar>

#include "app/window/main_window.h"
#include "tests/gui/wait_for.h"
#include "tests/gui/window/geometry_checks.h"
#include "views/headline/headline_strip.h"
#include "views/plot/time_track.h"
#include "views/shell/start_page.h"
#include "views/timeline/overview_strip.h"
#include "views/timeline/timeline_view.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::IsEmpty;

struct Room {
  int width, height;
  double text;  ///< of the desktop's size
};

std::string name_of(const testing::TestParamInfo<Room>& info) {
  return std::to_string(info.param.width) + "x" + std::to_string(info.param.height) +
         (info.param.text > 1 ? "LargeText" : "");
}

std::vector<std::string> lines(const QStringList& texts) {
  std::vector<std::string> result;
  for (const QString& text : texts) result.push_back(text.toStdString());
  return result;
}

class Geometry : public testing::TestWithParam<Room> {
 protected:
  void SetUp() override {
    QSettings().clear();
    QFont font = desktop_;
    font.setPointSizeF(font.pointSizeF() * GetParam().text);
    QApplication::setFont(font);
    window = std::make_unique<MainWindow>(WindowServices());
    QApplication::setFont(font);  // the window has set the size that the user chose
    window->messages().setUnfolded(1);
    window->show();
    resize();
  }
  void TearDown() override {
    window.reset();
    QApplication::setFont(desktop_);
  }
  void resize() {
    window->resize(GetParam().width, GetParam().height);
    settle();
  }
  static void settle() { QTest::qWait(250); }
  void openSample() {
    window->openFiles({QStringLiteral(MOESCOPE_SOURCE_DIR "/sample-traces/prefill.moetrace")});
    ASSERT_TRUE(wait_for([&] { return window->document().analysis() != nullptr; }));
    ASSERT_TRUE(wait_for([&] { return !window->loads().empty(); }));
    ASSERT_TRUE(wait_for([&] { return !window->headline().busy(); }));
    settle();
  }
  bool largeText() const { return GetParam().text > 1; }

  void expectWellLaidOut(const std::string& what, bool may_scroll = false) {
    EXPECT_EQ(window->size(), QSize(GetParam().width, GetParam().height)) << what;
    EXPECT_THAT(lines(test::cut_texts(*window)), IsEmpty()) << what;
    EXPECT_THAT(lines(test::outside(*window, may_scroll || largeText())), IsEmpty()) << what;
  }

  std::unique_ptr<MainWindow> window;

 private:
  const QFont desktop_ = QApplication::font();
};

INSTANTIATE_TEST_SUITE_P(Sizes, Geometry,
                         testing::Values(Room{1280, 800, 1}, Room{1920, 1080, 1},
                                         Room{1920, 1080, 2}, Room{1280, 800, 2}),
                         name_of);

TEST_P(Geometry, OfTheStartPageWithRecentFiles) {
  for (const char* file : {"one.json", "two.json", "three.json", "four.json"})
    window->session().addRecent({QString("/traces/of/a/long/path/") + file});
  ASSERT_TRUE(wait_for([&] { return window->findChild<EntryList*>("recentList")->count() == 4; }));
  resize();
  expectWellLaidOut("start page");
}

TEST_P(Geometry, OfEveryLayout) {
  openSample();
  for (const Preset preset : {Preset::Analyse, Preset::Live, Preset::Plan, Preset::Compare}) {
    window->layouts().arrange(preset);
    settle();
    expectWellLaidOut("layout " + std::to_string(static_cast<int>(preset)));
  }
}

/// In the low drawer of a small window a view of many controls scrolls; in its own layout it does
/// not.
TEST_P(Geometry, OfEveryViewInFront) {
  openSample();
  const bool low = GetParam().height < 1000;
  for (const QDockWidget* dock : window->layouts().docks()) {
    const QString id = DockLayout::idOf(*dock);
    window->layouts().reveal(id);
    settle();
    expectWellLaidOut("view " + id.toStdString(), low);
    const bool aside = window->dockWidgetArea(window->layouts().dock(id)) == Qt::NoDockWidgetArea;
    if (aside || id == "cluster") window->layouts().dock(id)->hide();
  }
}

TEST_P(Geometry, TimesAreOnTheSamePixelsInEveryStripOfTheTimeline) {
  openSample();
  auto& view = window->layouts().view<TimelineView>("timeline");
  const auto span = [&](const QWidget& widget, const QRect& rect) {
    return std::pair(widget.mapTo(window.get(), rect.topLeft()).x(), rect.width());
  };
  const auto lanes = span(view.canvas(), view.canvas().lanesRect());
  const auto* overview = view.findChild<OverviewStrip*>();
  EXPECT_EQ(span(*overview, overview->rect()), lanes);
  int tracks = 0;
  for (const TimeTrack* track : view.findChildren<TimeTrack*>()) {
    if (!track->isVisible() || track->axis().empty()) continue;
    EXPECT_EQ(span(*track, track->axis().plot()), lanes) << track->objectName().toStdString();
    ++tracks;
  }
  EXPECT_GE(tracks, 1);
}

TEST_P(Geometry, TheTimelineHasMostOfTheWindow) {
  openSample();
  const QSize size = window->layouts().dock("timeline")->size();
  if (window->layouts().narrow()) {
    EXPECT_EQ(size.width(), window->width()) << "side docks lie over it";
    if (!largeText()) {
      EXPECT_GT(size.height(), window->height() * 40 / 100);
    }
  } else {
    EXPECT_GT(size.width(), window->width() / 2);
  }
}

TEST_P(Geometry, TheTabsOfTheViewsFit) {
  openSample();
  if (largeText()) return;  // they scroll
  int docks = 0;
  for (const QTabBar* tabs : window->findChildren<QTabBar*>()) {
    if (tabs->parentWidget() != window.get() || !tabs->isVisible()) continue;
    ++docks;
    for (int i = 0; i < tabs->count(); ++i)
      EXPECT_TRUE(tabs->rect().contains(tabs->tabRect(i)))
          << tabs->tabText(i).toStdString() << " of " << tabs->count();
  }
  EXPECT_EQ(docks, 1);
}

/// Tells what is wrong, so that the tests above mean something when they find nothing.
TEST(GeometryChecks, FindWhatIsCutAndWhatIsOutside) {
  QWidget window;
  window.resize(300, 200);
  auto* label = new QPushButton("A text that is far too long for its room", &window);
  label->setObjectName("cut");
  label->setGeometry(10, 10, 60, 20);
  auto* told = new QLabel("Another text that is too long", &window);
  told->setToolTip("Another text that is too long, and more");
  told->setGeometry(10, 40, 60, 20);
  auto* button = new QPushButton("Out of the window", &window);
  button->setObjectName("far");
  button->setGeometry(200, 100, 180, 30);
  window.show();
  QTest::qWait(20);
  const QStringList cut = test::cut_texts(window);
  ASSERT_EQ(cut.size(), 1) << cut.join('\n').toStdString();
  EXPECT_TRUE(cut.front().startsWith("QPushButton cut")) << cut.front().toStdString();
  const QStringList out = test::outside(window, false);
  ASSERT_EQ(out.size(), 1) << out.join('\n').toStdString();
  EXPECT_TRUE(out.front().startsWith("QPushButton far"));
}

}  // namespace
}  // namespace moescope
