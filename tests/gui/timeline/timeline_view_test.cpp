// The timeline as a user drives it with pointer and keys.
#include <gmock/gmock.h>

#include <QClipboard>
#include <QMenu>
#include <QSettings>
#include <QSignalSpy>
#include <QToolTip>

#include "core/analysis/spans/find.h"
#include "core/analysis/spans/statistics.h"
#include "tests/gui/timeline/timeline_fixture.h"
#include "views/common/units.h"
#include "views/timeline/span_text.h"

namespace moescope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr TrackId kCompute = 0, kComm = 1, kHost = 2;

struct Timeline : testing::Test, test::TimelineWindow {
  void SetUp() override { open(test::make_ranks(2, 10)); }
  TimeRange range() const { return selection.range(); }
  double middle() { return scene().viewport().width() / 2.0; }
};

TEST_F(Timeline, showsEveryRowWithItsColour) {
  const Theme& theme = Theme::of(view->palette());
  EXPECT_EQ(colorAt(650, kCompute), theme.color(SpanClass::Expert));
  EXPECT_EQ(colorAt(250, kCompute), theme.color(SpanClass::Attention));
  EXPECT_EQ(colorAt(450, kComm), theme.color(SpanClass::Dispatch));
  EXPECT_EQ(colorAt(950, kCompute), theme.background);
}

TEST_F(Timeline, dimsWhatASearchDidNotFind) {
  Progress progress;
  const QColor expert = colorAt(650, kCompute), attention = colorAt(250, kCompute);
  const auto chroma = [&](const QColor& color) {
    return std::abs(color.red() - color.blue()) + std::abs(color.green() - color.blue());
  };
  selection.setFound(find_spans(*document.trace(), {"m_grouped"}, progress).map);
  EXPECT_EQ(colorAt(650, kCompute), expert);
  const QColor dim = colorAt(250, kCompute);
  EXPECT_NE(dim, attention);
  EXPECT_LT(chroma(dim), chroma(attention) / 2);
  EXPECT_NE(dim, Theme::of(view->palette()).background) << "still there";
  selection.pan(0.05);
  settle();
  EXPECT_EQ(colorAt(1650, kCompute), expert) << "in what panning draws, too";
  EXPECT_EQ(colorAt(1250, kCompute), dim);
  key(Qt::Key_Escape);
  EXPECT_FALSE(selection.found());
  EXPECT_EQ(colorAt(1250, kCompute), attention);
}

TEST_F(Timeline, dragMarksAnAreaOfTheTracksItCrosses) {
  drag(at(1000, kCompute), at(3000, kComm));
  ASSERT_TRUE(selection.area().has_value());
  EXPECT_THAT(selection.area()->tracks, ElementsAre(kCompute, kComm));
  const auto pixel = static_cast<TimeNs>(scene().map().nsPerPixel()) + 1;
  EXPECT_NEAR(static_cast<double>(selection.area()->range.begin), 1000, static_cast<double>(pixel));
  EXPECT_NEAR(static_cast<double>(selection.area()->range.end), 3000, static_cast<double>(pixel));
  Progress progress;
  const auto statistics =
      statistics_of(*document.trace(), *document.analysis()->classes, selection.area()->range,
                    selection.area()->tracks, false, progress);
  EXPECT_EQ(statistics.all.count, 6U);
}

TEST_F(Timeline, aShortMoveIsAClickAndNoArea) {
  drag(at(1650, kCompute), at(1650, kCompute) + QPoint(1, 1));
  EXPECT_FALSE(selection.area().has_value());
  EXPECT_EQ(selection.currentSpan(), (SpanRef{kCompute, 3}));
}

TEST_F(Timeline, dragOnTheAxisZooms) {
  drag(onAxis(2000), onAxis(4000));
  EXPECT_NEAR(static_cast<double>(range().begin), 2000, 20);
  EXPECT_NEAR(static_cast<double>(range().end), 4000, 20);
}

TEST_F(Timeline, controlDragOnTheLanesZooms) {
  drag(at(2000, kCompute), at(4000, kComm), Qt::ControlModifier);
  EXPECT_NEAR(static_cast<double>(range().length()), 2000, 40);
  EXPECT_FALSE(selection.area().has_value());
}

TEST_F(Timeline, shiftDragAndMiddleDragPan) {
  selection.setRange({2000, 4000});
  settle();
  drag(at(3000, kCompute), at(2500, kCompute), Qt::ShiftModifier);
  EXPECT_NEAR(static_cast<double>(range().begin), 2500, 10);
  settle();
  drag(at(3000, kCompute), at(3500, kCompute), {}, Qt::MiddleButton);
  EXPECT_NEAR(static_cast<double>(range().begin), 2000, 10);
  EXPECT_EQ(range().length(), 2000);
}

TEST_F(Timeline, controlWheelZoomsAtThePointer) {
  const QPoint pos = at(3000, kCompute);
  wheel(pos, {0, 1}, Qt::ControlModifier);
  EXPECT_LT(range().length(), selection.full().length());
  EXPECT_NEAR(scene().map().x(3000), pos.x(), 1.5);
}

TEST_F(Timeline, shiftWheelPansAndPlainWheelScrolls) {
  view->resize(1030, 150);
  selection.setRange({2000, 4000});
  settle();
  wheel(at(3000, kCompute), {0, -1}, Qt::ShiftModifier);
  EXPECT_GT(range().begin, 2000);
  const TimeRange before = range();
  wheel(canvas().rect().center(), {0, -1});
  EXPECT_EQ(range(), before);
  EXPECT_GT(scene().layout().scroll(), 0);
  EXPECT_EQ(view->scrollBar().value(), scene().layout().scroll());
}

TEST_F(Timeline, keysZoomAndPan) {
  key(Qt::Key_W);
  const TimeRange zoomed = range();
  EXPECT_LT(zoomed.length(), selection.full().length());
  key(Qt::Key_D);
  EXPECT_GT(range().begin, zoomed.begin);
  key(Qt::Key_A);
  EXPECT_NEAR(static_cast<double>(range().begin), static_cast<double>(zoomed.begin), 2);
  key(Qt::Key_S);
  key(Qt::Key_S);
  EXPECT_EQ(range(), selection.full());
}

TEST_F(Timeline, keyFFitsTheSelectionElseEverything) {
  selection.selectSpan({kCompute, 3});
  key(Qt::Key_F);
  EXPECT_NEAR(static_cast<double>(range().begin), 1500 - 20, 2);
  EXPECT_NEAR(static_cast<double>(range().end), 1900 + 20, 2);
  selection.clearSelection();
  key(Qt::Key_F);
  EXPECT_EQ(range(), selection.full());
}

TEST_F(Timeline, doubleClickFitsTheSpanThenEverything) {
  QTest::mouseDClick(&canvas(), Qt::LeftButton, {}, at(1700, kCompute));
  EXPECT_EQ(selection.currentSpan(), (SpanRef{kCompute, 3}));
  EXPECT_NEAR(static_cast<double>(range().length()), 400 + 2 * 50, 2);
  settle();
  QTest::mouseDClick(&canvas(), Qt::LeftButton, {}, at(1480, kCompute));
  EXPECT_EQ(range(), selection.full());
}

TEST_F(Timeline, commaAndPeriodWalkAlongTheLane) {
  click(at(1700, kCompute));
  key(Qt::Key_Period);
  EXPECT_EQ(selection.currentSpan(), (SpanRef{kCompute, 4}));
  key(Qt::Key_Comma);
  key(Qt::Key_Comma);
  EXPECT_EQ(selection.currentSpan(), (SpanRef{kCompute, 2}));
}

TEST_F(Timeline, commaStopsAtTheFirstSpan) {
  selection.selectSpan({kCompute, 0});
  key(Qt::Key_Comma);
  EXPECT_EQ(selection.currentSpan(), (SpanRef{kCompute, 0}));
}

TEST_F(Timeline, periodBringsASpanOutsideIntoView) {
  selection.selectSpan({kCompute, 3});
  selection.setRange({1500, 1900});
  key(Qt::Key_Period);
  EXPECT_EQ(selection.currentSpan(), (SpanRef{kCompute, 4}));
  EXPECT_LE(range().begin, 2100);
  EXPECT_GE(range().end, 2400);
}

TEST_F(Timeline, arrowsWalkOverRows) {
  selection.selectSpan({kCompute, 2});
  key(Qt::Key_Down);
  EXPECT_EQ(selection.currentSpan().track, kComm);
  key(Qt::Key_Up);
  EXPECT_EQ(selection.currentSpan().track, kCompute);
}

TEST_F(Timeline, clickSelectsControlClickAddsAndRemoves) {
  click(at(250, kCompute));
  click(at(450, kComm), Qt::ControlModifier);
  EXPECT_THAT(selection.selectedSpans(), ElementsAre(SpanRef{kCompute, 0}, SpanRef{kComm, 0}));
  click(at(250, kCompute), Qt::ControlModifier);
  EXPECT_THAT(selection.selectedSpans(), ElementsAre(SpanRef{kComm, 0}));
  click(at(2000, kCompute));
  EXPECT_TRUE(selection.selectedSpans().empty());
}

TEST_F(Timeline, clickOnTheRibbonMarksTheStretch) {
  const auto& placed = scene().layout().placed();
  const auto ribbon = std::find_if(placed.begin(), placed.end(), [](const PlacedRow& row) {
    return row.row->key.kind == RowKind::Ribbon;
  });
  ASSERT_NE(ribbon, placed.end());
  click(canvas().lanesRect().topLeft() +
        QPoint(static_cast<int>(scene().map().x(450)), ribbon->y + ribbon->height / 2));
  ASSERT_TRUE(selection.area().has_value());
  EXPECT_EQ(selection.area()->range, (TimeRange{400, 500}));  // dispatch beside nothing
  EXPECT_THAT(selection.area()->tracks, ElementsAre(kCompute, kComm));
}

TEST_F(Timeline, escapeGoesBackStepByStep) {
  selection.selectSpan({kCompute, 2});
  selection.setArea(AreaSelection{{100, 500}, {kCompute}});
  key(Qt::Key_M);
  EXPECT_TRUE(interaction().measure().active());
  key(Qt::Key_Escape);
  EXPECT_FALSE(interaction().measure().active());
  EXPECT_TRUE(selection.area().has_value());
  key(Qt::Key_Escape);
  EXPECT_FALSE(selection.area().has_value());
  EXPECT_FALSE(selection.selectedSpans().empty());
  key(Qt::Key_Escape);
  EXPECT_TRUE(selection.selectedSpans().empty());
}

TEST_F(Timeline, escapeDuringADragLeavesNothing) {
  QTest::mousePress(&canvas(), Qt::LeftButton, {}, at(1000, kCompute));
  moveTo(at(3000, kCompute), Qt::LeftButton);
  key(Qt::Key_Escape);
  QTest::mouseRelease(&canvas(), Qt::LeftButton, {}, at(3000, kCompute));
  EXPECT_FALSE(selection.area().has_value());
}

TEST_F(Timeline, measureSnapsToTheEdgesOfSpans) {
  key(Qt::Key_M);
  EXPECT_TRUE(action("timeline.measure").isChecked());
  click(at(1500, kCompute) + QPoint(4, 0));
  click(at(1900, kCompute) + QPoint(-4, 0));
  ASSERT_TRUE(interaction().measure().complete());
  EXPECT_EQ(interaction().measure().distance(), 400);
  EXPECT_TRUE(selection.selectedSpans().empty());
}

TEST_F(Timeline, measureByDragging) {
  key(Qt::Key_M);
  drag(at(1100, kCompute), at(1900, kCompute));
  ASSERT_TRUE(interaction().measure().complete());
  EXPECT_EQ(interaction().measure().distance(), 800);
}

TEST_F(Timeline, measureAwayFromEdgesTakesThePointer) {
  selection.setRange({1500, 1900});
  settle();
  key(Qt::Key_M);
  click(at(1700, kCompute));
  EXPECT_NEAR(static_cast<double>(interaction().measure().first().value_or(0)), 1700, 2);
}

TEST_F(Timeline, keyPPinsTheRowUnderThePointerWithItsPath) {
  moveTo(at(1700, kComm));
  key(Qt::Key_P);
  ASSERT_EQ(scene().rows().pinned().size(), 1U);
  EXPECT_EQ(scene().rows().pinned()[0].title.toStdString(), "rank 0 > GPU 0 > stream 20");
  settle();
  EXPECT_EQ(at(450, kComm).y(), canvas().lanesRect().top() + scene().layout().laneInk() / 2);
  EXPECT_EQ(colorAt(450, kComm), Theme::of(view->palette()).color(SpanClass::Dispatch));
}

TEST_F(Timeline, keyHHidesARowAndShiftHBringsItBack) {
  moveTo(at(1700, kComm));
  key(Qt::Key_H);
  EXPECT_EQ(scene().layout().rowOf(kComm), nullptr);
  key(Qt::Key_H, Qt::ShiftModifier);
  EXPECT_NE(scene().layout().rowOf(kComm), nullptr);
}

TEST_F(Timeline, pinsAndHiddenRowsAreUndoneInOrder) {
  QUndoStack& undo = document.undoStack();
  moveTo(at(650, kCompute));
  key(Qt::Key_P);
  moveTo(at(450, kComm));
  key(Qt::Key_H);
  ASSERT_EQ(undo.count(), 2);
  EXPECT_EQ(undo.undoText(), "Hide row");
  undo.undo();
  EXPECT_EQ(scene().rows().hiddenCount(), 0);
  EXPECT_EQ(scene().rows().pinned().size(), 1U);
  undo.undo();
  EXPECT_TRUE(scene().rows().pinned().empty());
  undo.redo();
  undo.redo();
  EXPECT_EQ(scene().rows().hiddenCount(), 1);
  EXPECT_EQ(scene().rows().pinned().size(), 1U);
  key(Qt::Key_H, Qt::ShiftModifier);
  key(Qt::Key_H, Qt::ShiftModifier);  // nothing is hidden any more: no step
  EXPECT_EQ(undo.count(), 3);
}

TEST_F(Timeline, rankFilterLeavesOneRank) {
  selection.setProcessFilter(ProcessId{1});
  EXPECT_EQ(scene().layout().rowOf(kCompute), nullptr);
  EXPECT_NE(scene().layout().rowOf(3), nullptr);
}

TEST_F(Timeline, rowsAreFoundByPartOfTheirPath) {
  view->resize(1030, 150);
  settle();
  key(Qt::Key_P, Qt::ControlModifier);
  EXPECT_TRUE(view->findRowEdit().hasFocus());
  QTest::keyClicks(&view->findRowEdit(), "rank 1 > gpu 0 > stream 20");
  EXPECT_NE(scene().layout().rowOf(4), nullptr);
  QTest::keyClick(&view->findRowEdit(), Qt::Key_Escape);
  EXPECT_TRUE(canvas().hasFocus());
  EXPECT_NE(scene().layout().rowOf(4), nullptr) << "what was found stays in view";
}

TEST_F(Timeline, rowsThatDoNotMatchAreLeftOutUntilEscape) {
  const auto count = [&] { return view->findChild<QLabel*>("rowCount")->text().toStdString(); };
  const auto shown = scene().rows().rows().size();
  QTest::keyClicks(&view->findRowEdit(), "Stream 20");
  EXPECT_EQ(scene().layout().rowOf(kCompute), nullptr);
  EXPECT_NE(scene().layout().rowOf(kComm), nullptr);
  EXPECT_EQ(scene().rows().rows().size(), 4U) << "a stream of each rank, and the ranks";
  EXPECT_EQ(count(), "1 of 2");
  EXPECT_EQ(canvas().overlay().markedRow()->track, kComm);
  QTest::keyClick(&view->findRowEdit(), Qt::Key_Return);
  EXPECT_EQ(count(), "2 of 2");
  EXPECT_EQ(canvas().overlay().markedRow()->process, 1U);
  QTest::keyClicks(&view->findRowEdit(), " nonsense");
  EXPECT_EQ(count(), "none");
  EXPECT_EQ(scene().rows().rows().size(), shown) << "nothing would be left";
  view->findRowEdit().setFocus();
  QTest::keyClick(&view->findRowEdit(), Qt::Key_Escape);
  EXPECT_TRUE(view->findRowEdit().text().isEmpty());
  EXPECT_EQ(scene().rows().rows().size(), shown);
}

TEST_F(Timeline, hiddenAndFoldedRowsAreFoundWithoutChangingTheChoices) {
  scene().rows().hide(scene().rows().rowOf(kComm)->key);
  scene().rows().toggle({RowKind::Process, 1});
  QTest::keyClicks(&view->findRowEdit(), "stream 20");
  EXPECT_EQ(scene().rows().matching().size(), 2U);
  view->findRowEdit().clear();
  EXPECT_EQ(scene().layout().rowOf(kComm), nullptr) << "hidden again";
  EXPECT_EQ(scene().rows().hiddenCount(), 1);
}

TEST_F(Timeline, controlReturnPinsTheRowsThatMatch) {
  QSettings().clear();
  key(Qt::Key_P, Qt::ControlModifier);
  QTest::keyClicks(&view->findRowEdit(), "stream 20");
  action("timeline.pin_matching").trigger();
  EXPECT_EQ(scene().rows().pinned().size(), 2U);
  test::TimelineWindow later;  // another session
  later.open(document.trace());
  EXPECT_EQ(later.scene().rows().pinned().size(), 2U);
  action("timeline.unpin_all").trigger();
  EXPECT_TRUE(scene().rows().pinned().empty());
  EXPECT_FALSE(QSettings().contains("timeline/pinRule"));
}

TEST_F(Timeline, tooltipIsShortAndTheFullOneHasTheWholeName) {
  const auto found = scene().spanAt(QPointF(at(450, kComm) - canvas().lanesRect().topLeft()));
  ASSERT_TRUE(found.has_value());
  const std::string text = span_tooltip(scene(), found->ref, found->span, false).toStdString();
  EXPECT_THAT(text, StartsWith("<b>300 ns</b> dispatch<br>dispatch, "));
  EXPECT_THAT(text, HasSubstr(" % of the visible range"));
  EXPECT_THAT(text, HasSubstr("rank 0 &gt; GPU 0 &gt; stream 20"));
  EXPECT_THAT(text, Not(HasSubstr("deep_ep")));
  const std::string full = span_tooltip(scene(), found->ref, found->span, true).toStdString();
  EXPECT_THAT(full, HasSubstr("deep_ep::dispatch"));
  EXPECT_THAT(full, HasSubstr("dispatch, rule"));
}

TEST_F(Timeline, theMenuOfASpanSelectsItAndCopiesFindsAndReclassifiesIt) {
  QStringList same, ruled;
  QObject::connect(view.get(), &TimelineView::sameNameWanted, view.get(),
                   [&](const QString& name) { same << name; });
  QObject::connect(view.get(), &TimelineView::ruleWanted, view.get(),
                   [&](const QString& name, ClassifiedName now) {
                     ruled << name + ' ' + to_string(now.span_class);
                   });
  moveTo(at(450, kComm));
  std::unique_ptr<QMenu> menu(view->makeContextMenu());
  EXPECT_EQ(selection.currentSpan(), (SpanRef{kComm, 0}));
  const auto run = [&](const char* name) {
    for (QAction* action : menu->actions())
      if (action->objectName() == QLatin1String(name)) return action->trigger();
    ADD_FAILURE() << name << " is not in the menu";
  };
  run("timeline.copy_name");
  const QString name = QApplication::clipboard()->text();
  EXPECT_TRUE(name.contains("deep_ep::dispatch")) << name.toStdString();
  run("timeline.find_same");
  EXPECT_EQ(same, QStringList{name});
  run("timeline.reclassify");
  EXPECT_EQ(ruled, QStringList{name + " dispatch"});
  run("timeline.copy_span");
  EXPECT_TRUE(QApplication::clipboard()->text().contains("300 ns"));
  run("timeline.zoom_to_span");
  EXPECT_LT(selection.range().length(), 400);
}

TEST_F(Timeline, theMenuBesideSpansIsAboutRows) {
  selection.selectSpan({});
  moveTo(at(1990, kComm));
  std::unique_ptr<QMenu> menu(view->makeContextMenu());
  EXPECT_FALSE(selection.currentSpan().valid());
  for (const QAction* action : menu->actions())
    EXPECT_NE(action->objectName(), "timeline.copy_name");
  EXPECT_FALSE(view->findChild<QAction*>("timeline.copy_name")->isEnabled());
}

TEST_F(Timeline, hoveringNotifiesTheOtherViews) {
  moveTo(at(450, kComm));
  EXPECT_EQ(selection.hovered(), (SpanRef{kComm, 0}));
  EXPECT_NEAR(static_cast<double>(selection.cursor().value_or(0)), 450, 12);
  QEvent leave(QEvent::Leave);
  QApplication::sendEvent(&canvas(), &leave);
  EXPECT_FALSE(selection.hovered().valid());
  EXPECT_FALSE(selection.cursor().has_value());
}

TEST_F(Timeline, followsTheSharedRangeAndItsHistory) {
  selection.setRange({1500, 1900});
  EXPECT_EQ(scene().map().range(), (TimeRange{1500, 1900}));
  settle();
  EXPECT_EQ(colorAt(1700, kCompute), Theme::of(view->palette()).color(SpanClass::Expert));
  selection.goBack();
  EXPECT_EQ(scene().map().range(), selection.full());
}

TEST_F(Timeline, themeChangeRepaintsInTheNewColours) {
  QPalette dark = view->palette();
  dark.setColor(QPalette::Window, QColor(30, 30, 30));
  dark.setColor(QPalette::Base, QColor(30, 30, 30));
  dark.setColor(QPalette::WindowText, Qt::white);
  dark.setColor(QPalette::Text, Qt::white);
  view->setPalette(dark);
  settle();
  EXPECT_EQ(colorAt(650, kCompute), Theme::dark_theme().color(SpanClass::Expert));
  EXPECT_EQ(colorAt(950, kCompute), Theme::dark_theme().background);
}

TEST_F(Timeline, rendersSharplyAtDevicePixelRatioTwo) {
  LaneCanvas sizes{
      selection.range(), {500, 200}, 2, Theme::light(), time_ticks(selection.range(), 500, 100)};
  LaneRenderer renderer;
  RowLayout layout;
  layout.update(scene().rows(), 18, 200, 0);
  renderer.prepare({scene().source(), layout, scene().looks()}, sizes, 34);
  LabelCache labels;
  LanePicture picture;
  const QImage& image = picture.update(renderer, labels);
  EXPECT_EQ(image.size(), QSize(1000, 400));
  EXPECT_EQ(image.devicePixelRatio(), 2);
  const PixelMap map(selection.range(), 1000);
  const auto* placed = layout.rowOf(kCompute);
  const int y = 2 * layout.laneY(*placed, 0) + 10;
  const int edge = static_cast<int>(map.x(500));
  EXPECT_EQ(image.pixelColor(edge + 5, y), Theme::light().color(SpanClass::Expert));
  EXPECT_EQ(image.pixelColor(edge - 3, y), Theme::light().background);
}

TEST_F(Timeline, aNewTraceForgetsPinsScrollAndSelection) {
  moveTo(at(1700, kComm));
  key(Qt::Key_P);
  selection.selectSpan({kCompute, 2});
  open(test::make_trace({{"other", 0, 10}}));
  EXPECT_TRUE(scene().rows().pinned().empty());
  EXPECT_TRUE(selection.selectedSpans().empty());
  EXPECT_EQ(selection.range(), (TimeRange{0, 10}));
}

TEST_F(Timeline, rulesThatChangeRecolour) {
  RuleSet rules;
  rules.rules.push_back({SpanClass::Attention, "grouped_gemm", false, ""});
  document.setAnalysis(analyze_document(*document.trace(), rules));
  settle();
  EXPECT_EQ(colorAt(650, kCompute), Theme::of(view->palette()).color(SpanClass::Attention));
}

TEST_F(Timeline, overviewShowsExposedCommunicationOfTheWholeTrace) {
  auto* overview = view->findChild<OverviewStrip*>();
  ASSERT_NE(overview, nullptr);
  ASSERT_TRUE(test::wait_for([&] { return !overview->busy() && !overview->shown().mean.empty(); }));
  EXPECT_TRUE(overview->shown().ribbons);
  double exposed = 0, compute = 0;
  for (const auto& share : overview->shown().mean) {
    exposed += static_cast<double>(share.exposed);
    compute += static_cast<double>(share.compute);
  }
  const auto n = static_cast<double>(overview->shown().mean.size());
  const auto full = static_cast<double>(selection.full().length());
  EXPECT_NEAR(exposed / n, 10 * 100 / full, 0.003);
  EXPECT_NEAR(compute / n, 10 * 500 / full, 0.003);
}

TEST_F(Timeline, csvHasEveryVisibleSpanWithUnits) {
  const QString csv = view->csv();
  EXPECT_THAT(csv.toStdString(), HasSubstr("start_ns,duration_ns"));
  EXPECT_EQ(csv.count('\n'), 1 + 2 * 60 + 1);
  EXPECT_TRUE(csv.endsWith("\n# scope: whole trace, 0 to 9900 ns\n"))
      << csv.right(60).toStdString();
  EXPECT_THAT(csv.toStdString(),
              HasSubstr("\"rank 0 > GPU 0 > stream 20\",\"deep_ep::dispatch\",dispatch,false,300,"
                        "300,0\n"));
  selection.setProcessFilter(ProcessId{1});
  EXPECT_EQ(view->csv().count('\n'), 1 + 60 + 1);
  selection.setRange({1000, 1050});
  EXPECT_TRUE(view->csv().endsWith("# scope: part of the trace, 1000 to 1050 ns\n"));
}

TEST(TimelineEmpty, saysWhatWouldFillIt) {
  test::TimelineWindow window;
  const QImage without = window.picture();
  EXPECT_FALSE(window.scene().hasTrace());
  // Text is drawn: not one colour.
  std::set<QRgb> colors;
  for (int y = 100; y < without.height(); ++y)
    for (int x = 0; x < without.width(); ++x) colors.insert(without.pixel(x, y));
  EXPECT_GT(colors.size(), 1U);
  EXPECT_EQ(window.view->csv().count('\n'), 1);
  for (const Qt::Key key : {Qt::Key_W, Qt::Key_F, Qt::Key_Period, Qt::Key_Down, Qt::Key_M,
                            Qt::Key_P, Qt::Key_H, Qt::Key_Escape})
    window.key(key);
  window.click({300, 200});
  window.drag({200, 100}, {400, 200});
  window.wheel({300, 200}, {0, 1}, Qt::ControlModifier);
}

TEST(TimelineUnhappy, traceWithoutSpans) {
  test::TimelineWindow window;
  window.open(TraceBuilder().snapshot());
  window.click({300, 200});
  window.key(Qt::Key_W);
  EXPECT_FALSE(window.picture().isNull());
  EXPECT_TRUE(window.scene().rows().rows().empty());
}

TEST(TimelineUnhappy, oneSpanWithoutLength) {
  test::TimelineWindow window;
  window.open(test::make_trace({{"mark", 0, 0}}));
  window.click(window.at(0, 0) + QPoint(1, 0));
  EXPECT_EQ(window.selection.currentSpan(), (SpanRef{0, 0}));
  window.key(Qt::Key_F);
  window.key(Qt::Key_W);
  window.settle();
  EXPECT_EQ(window.view->csv().count('\n'), 3);
}

TEST(TimelineUnhappy, spansAtTheEndsOfInt64) {
  const TimeNs last = std::numeric_limits<TimeNs>::max();
  test::TimelineWindow window;
  window.open(
      test::make_trace({{"first", 0, 1}, {"long", 2, last / 2}, {"last", last - 1000, 1000}}),
      false);
  window.key(Qt::Key_W);
  window.selection.selectSpan({0, 2});
  window.key(Qt::Key_F);
  window.settle();
  EXPECT_LE(window.selection.range().begin, last - 1000);
  window.click(window.at(last - 500, 0));
  EXPECT_EQ(window.selection.currentSpan(), (SpanRef{0, 2}));
}

TEST(TimelineUnhappy, tenThousandRows) {
  TraceBuilder builder;
  const ProcessId p = builder.add_process({.label = "rank 0", .pid = "1", .rank = 0});
  for (int i = 0; i < 10000; ++i) {
    const TrackId t = builder.add_track({.process = p,
                                         .type = TrackType::DeviceStream,
                                         .device = 0,
                                         .id = i,
                                         .name = "stream " + std::to_string(i)});
    SpanBatch batch;
    batch.columns.push_back({.start = i, .duration = 100, .kind = SpanKind::Kernel});
    builder.append(t, std::move(batch));
  }
  test::TimelineWindow window;
  window.open(builder.snapshot());
  EXPECT_EQ(window.scene().rows().rows().size(), 10002U);
  EXPECT_LT(window.scene().layout().placed().size(), 60U);
  window.scene().setScroll(std::numeric_limits<int>::max());
  window.settle();
  EXPECT_NE(window.scene().layout().rowOf(9999), nullptr);
  window.click(window.at(10050, 9999));
  EXPECT_EQ(window.selection.currentSpan(), (SpanRef{9999, 0}));
}

}  // namespace
}  // namespace moescope
