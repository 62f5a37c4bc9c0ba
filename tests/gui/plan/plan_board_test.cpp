// The plan board as a user works on it: mouse, keys, menus, accessibility.
#include <gmock/gmock.h>

#include <QAccessible>
#include <QLabel>
#include <QLineEdit>
#include <QScrollBar>
#include <QSignalSpy>
#include <QSpinBox>
#include <set>

#include "tests/gui/plan/plan_fixture.h"
#include "views/common/theme.h"
#include "views/plan/board/layer_strip.h"
#include "views/plan/compare/figures_panel.h"
#include "views/plan/problems_panel.h"

namespace moescope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class PlanBoardTest : public test::PlanFixture {};

TEST_F(PlanBoardTest, draggingASlotOntoAnotherSwapsThem) {
  dragOver(1, 7);
  EXPECT_THAT(board->dragText().toStdString(), HasSubstr("Swap experts 1 and 7"));
  EXPECT_THAT(board->dragText().toStdString(), HasSubstr("Ctrl: copy"));
  drop(7);
  EXPECT_EQ(expert(1), 7);
  EXPECT_EQ(expert(7), 1);
  EXPECT_EQ(document->undoStack().count(), 1);
  EXPECT_EQ(*loads.plan(), document->plan());
  EXPECT_THAT(view->message().toStdString(), HasSubstr("Swap experts 1 and 7 in layer 0"));
  EXPECT_EQ(row(1), test::small_plan().physical_to_logical[1]);
}

/// A window that is busy gets no move between press and release, or one only.
TEST_F(PlanBoardTest, aStraightDragWithoutAnyMoveInBetweenCounts) {
  for (const bool one_move : {false, true}) {
    mouse(QEvent::MouseButtonPress, center(1));
    if (one_move) mouse(QEvent::MouseMove, center(7));
    drop(7);
    EXPECT_EQ(expert(1), 7);
    EXPECT_EQ(expert(7), 1);
    document->undoStack().undo();
  }
  mouse(QEvent::MouseButtonPress, center(5), Qt::ControlModifier);
  drop(16, Qt::ControlModifier);
  EXPECT_EQ(expert(16), 5) << "a copy";
  const QPoint gap = QPoint(1, board->slotRect(0).top());
  mouse(QEvent::MouseButtonPress, gap);
  mouse(QEvent::MouseButtonRelease, center(2), Qt::NoModifier, false);
  EXPECT_GT(board->selected().size(), 1U) << "a rubber band";
}

/// The legend says more while a slot is dragged, and takes another line for it.
TEST_F(PlanBoardTest, slotsStayUnderThePointerWhileOneIsDragged) {
  const QRect before = board->slotRect(13);
  mouse(QEvent::MouseButtonPress, center(1));
  mouse(QEvent::MouseMove, center(13));
  ASSERT_TRUE(board->dragging());
  view->resize(1010, 500);
  QApplication::processEvents();
  EXPECT_EQ(board->slotRect(13), before);
  mouse(QEvent::MouseButtonRelease, before.center(), Qt::NoModifier, false);
  EXPECT_EQ(expert(13), 1);
  EXPECT_NE(board->slotRect(13), before) << "fitted again afterwards";
}

TEST_F(PlanBoardTest, withCtrlADragCopies) {
  dragOver(5, 16, Qt::ControlModifier);
  EXPECT_THAT(board->dragText().toStdString(), HasSubstr("Copy expert 5 over expert 0"));
  drop(16, Qt::ControlModifier);
  EXPECT_EQ(expert(16), 5);
  EXPECT_EQ(expert(5), 5);
  EXPECT_EQ(document->state().hosts(0, 5).size(), 2U);
}

TEST_F(PlanBoardTest, figuresFollowTheDragAndEscapeTakesItBack) {
  const double before = imbalance();
  auto* figures = find<FiguresPanel>("planFigures");
  const QString shown = figures->cell("Imbalance, this layer", 0);
  int heaviest = 0;  // an edit that must change the figure
  for (int e = 0; e < 16; ++e)
    if ((*document->state().loads())[0][static_cast<std::size_t>(e)] >
        (*document->state().loads())[0][static_cast<std::size_t>(heaviest)])
      heaviest = e;
  dragOver(heaviest, (heaviest + 10) % 16, Qt::ControlModifier);
  EXPECT_TRUE(document->previewing());
  EXPECT_NE(imbalance(), before);
  EXPECT_NE(figures->cell("Imbalance, this layer", 0), shown);
  EXPECT_EQ(*loads.plan(), test::small_plan());  // others see what is done only
  key(Qt::Key_Escape);
  EXPECT_FALSE(document->previewing());
  EXPECT_EQ(imbalance(), before);
  drop((heaviest + 10) % 16);
  EXPECT_EQ(row(), test::small_plan().physical_to_logical[0]);
  EXPECT_FALSE(document->modified());
}

TEST_F(PlanBoardTest, aDropBetweenSlotsDoesNothing) {
  mouse(QEvent::MouseButtonPress, center(2));
  mouse(QEvent::MouseMove, center(2) + QPoint(0, 300));
  mouse(QEvent::MouseMove, QPoint(2, 2));
  mouse(QEvent::MouseButtonRelease, QPoint(2, 2), Qt::NoModifier, false);
  EXPECT_EQ(row(), test::small_plan().physical_to_logical[0]);
}

TEST_F(PlanBoardTest, severalSlotsAreSelectedAndDraggedTogether) {
  click(0);
  click(2, Qt::ControlModifier);
  EXPECT_THAT(board->selected(), ElementsAre(0, 2));
  dragOver(2, 12);
  drop(12);
  EXPECT_EQ(expert(12), 2);
  EXPECT_EQ(expert(10), 0);
  EXPECT_EQ(expert(2), 12);
  EXPECT_EQ(document->undoStack().count(), 1);
  click(5);
  click(9, Qt::ShiftModifier);
  EXPECT_THAT(board->selected(), ElementsAre(5, 6, 7, 8, 9));
  // Onto one another they cannot go.
  dragOver(9, 7);
  drop(7);
  EXPECT_EQ(document->undoStack().count(), 1);
}

TEST_F(PlanBoardTest, theRubberBandSelectsWhatItTouches) {
  const QRect first = board->slotRect(5), last = board->slotRect(7);
  mouse(QEvent::MouseButtonPress, first.topLeft() + QPoint(-20, 4));
  mouse(QEvent::MouseMove, first.topLeft() + QPoint(0, 5));
  mouse(QEvent::MouseMove, last.bottomRight() - QPoint(4, 4));
  mouse(QEvent::MouseButtonRelease, last.bottomRight() - QPoint(4, 4), Qt::NoModifier, false);
  EXPECT_THAT(board->selected(), ElementsAre(5, 6, 7));
}

TEST_F(PlanBoardTest, keysPickUpCarryAndDrop) {
  board->select(0);
  key(Qt::Key_M);
  ASSERT_TRUE(board->carrying());
  key(Qt::Key_Right);
  EXPECT_EQ(expert(0), 1) << "the preview shows the swap";
  key(Qt::Key_Return);
  EXPECT_FALSE(board->carrying());
  EXPECT_EQ(expert(0), 1);
  EXPECT_EQ(expert(1), 0);
  EXPECT_EQ(board->current(), 1);
  key(Qt::Key_M);
  key(Qt::Key_Down);
  QTest::keyClick(board, Qt::Key_Return, Qt::ControlModifier);
  EXPECT_EQ(expert(1), 0);
  EXPECT_EQ(expert(6), 0);
  key(Qt::Key_M);
  key(Qt::Key_Down);
  key(Qt::Key_Escape);
  EXPECT_EQ(document->undoStack().count(), 2);
}

TEST_F(PlanBoardTest, refusedTargetsAreMarkedWhileDragging) {
  // Expert 0 may not go to GPU 2 (slots 10 to 14), expert 7 in slot 7 not to GPU 0; slot 8 is
  // pinned.
  view->editor().toggleForbidden(0, 2, 0);
  view->editor().toggleForbidden(0, 0, 7);
  view->editor().togglePins(0, {8});
  const auto barred = [&](int slot) {
    return slot_text(board->picture(), slot).contains("a drop here is not allowed");
  };
  EXPECT_FALSE(barred(12)) << "nothing is dragged yet";
  const QImage quiet = board->viewport()->grab().toImage();
  dragOver(0, 12);
  for (const int slot : {7, 8, 10, 12, 14}) EXPECT_TRUE(barred(slot)) << slot;
  for (const int slot : {1, 6, 9, 15, 19}) EXPECT_FALSE(barred(slot)) << slot;
  EXPECT_EQ(board->viewport()->cursor().shape(), Qt::ForbiddenCursor);
  EXPECT_THAT(board->dragText().toStdString(), HasSubstr("forbidden on GPU 2"));
  EXPECT_EQ(expert(12), 12) << "no preview of what is refused";
  const QImage marked = board->viewport()->grab().toImage();
  EXPECT_NE(marked.copy(board->slotRect(13)), quiet.copy(board->slotRect(13))) << "cross";
  EXPECT_NE(marked.copy(board->slotRect(16)), quiet.copy(board->slotRect(16))) << "frame";
  mouse(QEvent::MouseMove, center(16));
  EXPECT_EQ(board->viewport()->cursor().shape(), Qt::DragMoveCursor);
  mouse(QEvent::MouseMove, center(7), Qt::ControlModifier);
  EXPECT_FALSE(barred(7)) << "a copy leaves expert 7 out of GPU 0";
  EXPECT_TRUE(barred(12));
  EXPECT_EQ(board->viewport()->cursor().shape(), Qt::DragCopyCursor);
  key(Qt::Key_Escape);
  EXPECT_FALSE(barred(12));
  EXPECT_EQ(board->viewport()->grab().toImage().copy(board->slotRect(13)),
            quiet.copy(board->slotRect(13)));
}

TEST_F(PlanBoardTest, refusedTargetsAreReportedWhileCarryingByKeys) {
  view->editor().togglePins(0, {1});
  board->select(0);
  key(Qt::Key_M);
  EXPECT_TRUE(slot_text(board->picture(), 1).contains("not allowed"));
  key(Qt::Key_Right);
  EXPECT_THAT(board->dragText().toStdString(), HasSubstr("Not here: Slot 1"));
  EXPECT_EQ(expert(0), 0);
  key(Qt::Key_Return);
  EXPECT_EQ(expert(0), 0);
  EXPECT_THAT(view->message().toStdString(), HasSubstr("pinned"));
}

TEST_F(PlanBoardTest, arrowKeysWalkAndPageKeysChangeTheLayer) {
  key(Qt::Key_Right);
  EXPECT_EQ(board->current(), 0);
  key(Qt::Key_Right);
  EXPECT_EQ(board->current(), 1);
  key(Qt::Key_Right, Qt::ShiftModifier);
  EXPECT_THAT(board->selected(), ElementsAre(1, 2));
  key(Qt::Key_End);
  EXPECT_EQ(board->current(), 19);
  key(Qt::Key_PageDown);
  EXPECT_EQ(view->layer(), 1);
  EXPECT_EQ(find<LayerStrip>("layerStrip")->layer(), 1);
  key(Qt::Key_PageUp);
  key(Qt::Key_PageUp);
  EXPECT_EQ(view->layer(), 0);
}

TEST_F(PlanBoardTest, lettersAddRemoveSwapPinAndForbid) {
  board->select(9);
  key(Qt::Key_R);
  EXPECT_EQ(document->state().hosts(0, 9).size(), 2U);
  EXPECT_EQ(board->currentExpert(), 9);
  key(Qt::Key_Delete);
  EXPECT_EQ(document->state().hosts(0, 9).size(), 1U);
  board->select(9);
  key(Qt::Key_Delete);
  EXPECT_EQ(expert(9), 9);
  EXPECT_THAT(view->message().toStdString(), HasSubstr("last replica"));
  click(3);
  click(14, Qt::ControlModifier);
  key(Qt::Key_S);
  EXPECT_EQ(expert(3), 14);
  EXPECT_EQ(expert(14), 3);
  board->select(3);
  key(Qt::Key_P);
  EXPECT_TRUE(document->constraints().is_pinned(0, 3));
  EXPECT_FALSE(document->constraints().is_pinned(1, 3));
  dragOver(3, 4);
  drop(4);
  EXPECT_EQ(expert(3), 14);
  EXPECT_THAT(view->message().toStdString(), HasSubstr("pinned"));
  board->select(3);
  key(Qt::Key_P);
  EXPECT_FALSE(document->constraints().is_pinned(0, 3));
  board->select(8);
  key(Qt::Key_X);
  EXPECT_TRUE(document->constraints().is_forbidden(0, 1, 8));
  dragOver(8, 12);
  drop(12);
  EXPECT_EQ(expert(12), 8);  // away from its GPU is allowed
  dragOver(12, 8);
  drop(8);
  EXPECT_EQ(expert(12), 8) << "back to the forbidden GPU is not";
  EXPECT_THAT(view->message().toStdString(), HasSubstr("forbidden"));
}

TEST_F(PlanBoardTest, theNumberOfAnExpertIsTyped) {
  board->select(18);
  key(Qt::Key_E);
  auto* field = find<QSpinBox>("slotExpert");
  QTest::keyClicks(field, "11");
  QTest::keyClick(field, Qt::Key_Return);
  EXPECT_EQ(expert(18), 11);
  key(Qt::Key_E);
  field = view->findChild<QSpinBox*>("slotExpert");
  ASSERT_NE(field, nullptr);
  QTest::keyClicks(field, "3");
  QTest::keyClick(field, Qt::Key_Escape);
  EXPECT_EQ(expert(18), 11);
}

TEST_F(PlanBoardTest, editsApplyToAllLayersOrARangeAsOneStep) {
  auto* scope = find<QComboBox>("planScope");
  scope->setCurrentIndex(2);
  dragOver(0, 9);
  drop(9);
  for (int l = 0; l < 4; ++l) EXPECT_EQ(expert(9, l), 0);
  EXPECT_EQ(document->undoStack().count(), 1);
  document->undoStack().undo();
  EXPECT_EQ(document->plan(), test::small_plan());
  scope->setCurrentIndex(1);
  find<QSpinBox>("planScopeFirst")->setValue(1);
  find<QSpinBox>("planScopeLast")->setValue(2);
  board->select(5);
  key(Qt::Key_R);
  EXPECT_EQ(document->state().hosts(0, 5).size(), 1U);
  EXPECT_EQ(document->state().hosts(1, 5).size(), 2U);
  EXPECT_EQ(document->state().hosts(2, 5).size(), 2U);
  EXPECT_EQ(document->state().hosts(3, 5).size(), 1U);
}

TEST_F(PlanBoardTest, anExpertIsFoundFromReplicaToReplica) {
  auto* find_field = find<QLineEdit>("planFind");
  find_field->setText("2");
  QTest::keyClick(find_field, Qt::Key_Return);
  EXPECT_EQ(board->current(), 2);
  QTest::keyClick(find_field, Qt::Key_Return);
  EXPECT_EQ(board->current(), 18);
  QTest::keyClick(find_field, Qt::Key_Return);
  EXPECT_EQ(board->current(), 2);
  find_field->setText("99");
  QTest::keyClick(find_field, Qt::Key_Return);
  EXPECT_THAT(view->message().toStdString(), HasSubstr("no replica of expert 99"));
}

TEST_F(PlanBoardTest, problemsAreListedAndAClickGoesThere) {
  view->setLayer(2);
  view->editor().place(2, 7, 8);  // expert 7 loses its only replica; 8 is twice on GPU 1
  auto* problems = find<ProblemsPanel>("planProblems");
  EXPECT_EQ(problems->count(), 2);
  EXPECT_THAT(problems->csv().toStdString(), HasSubstr("2,,error,missing_expert"));
  EXPECT_THAT(problems->csv().toStdString(), HasSubstr("2,8,warning,duplicate_on_gpu"));
  view->setLayer(0);
  auto* list = find<QTreeWidget>("planProblemList");
  Q_EMIT list->itemActivated(list->topLevelItem(1), 0);
  EXPECT_EQ(view->layer(), 2);
  EXPECT_EQ(board->current(), 8);
}

TEST_F(PlanBoardTest, everySlotIsAnAccessibleChildWithItsName) {
  auto* accessible = QAccessible::queryAccessibleInterface(board);
  ASSERT_NE(accessible, nullptr);
  ASSERT_EQ(accessible->childCount(), 20);
  auto* slot = accessible->child(16);
  const std::string name = slot->text(QAccessible::Name).toStdString();
  EXPECT_THAT(name, HasSubstr("Slot 16 on GPU 3, node 1: expert 0, replica 2 of 2"));
  EXPECT_THAT(name, HasSubstr("tokens"));
  slot->actionInterface()->doAction(QAccessibleActionInterface::pressAction());
  EXPECT_EQ(board->current(), 16);
  EXPECT_TRUE(slot->state().selected);
  EXPECT_EQ(accessible->indexOfChild(slot), 16);
  const QRect box = slot->rect();
  EXPECT_EQ(accessible->childAt(box.center().x(), box.center().y()), slot);
}

TEST_F(PlanBoardTest, aFailedGpuIsEmptiedAndComesBack) {
  board->select(6);
  trigger("plan.fail");
  EXPECT_TRUE(document->plan().dead(1));
  EXPECT_EQ(expert(6), kNoExpert);
  EXPECT_THAT(view->message().toStdString(), HasSubstr("GPU 1 as failed"));
  dragOver(0, 6);
  drop(6);
  EXPECT_EQ(expert(6), kNoExpert);
  document->undoStack().undo();
  EXPECT_EQ(document->plan(), test::small_plan());
}

TEST_F(PlanBoardTest, withoutLoadsThePlanCanStillBeEdited) {
  loads.setLoads(nullptr, {});
  EXPECT_EQ(find<FiguresPanel>("planFigures")->cell("Imbalance, this layer", 0), "not known");
  dragOver(1, 7);
  drop(7);
  EXPECT_EQ(expert(1), 7);
  EXPECT_FALSE(board->grab().isNull());
}

TEST_F(PlanBoardTest, loadsThatDoNotFitAreNotUsedAndTheReasonIsShown) {
  loads.setLoads(test::plan_loads(7, 16), {"other.json"});
  EXPECT_FALSE(document->state().has_loads());
  EXPECT_THAT(find<QLabel>("planNote")->text().toStdString(), HasSubstr("7 layers"));
  loads.setLoads(test::plan_loads(4, 12), {"other.json"});
  EXPECT_THAT(find<QLabel>("planNote")->text().toStdString(), HasSubstr("12 experts"));
  loads.setLoads(test::plan_loads(), {"loads.json"});
  EXPECT_TRUE(document->state().has_loads());
}

TEST_F(PlanBoardTest, layersOfDifferentWidthAreHeldAndNamed) {
  Plan broken = test::small_plan();
  broken.physical_to_logical[1].resize(18);
  broken.physical_to_logical[2][3] = 99;
  document->open(broken, {}, {}, "broken");
  view->setLayer(1);
  EXPECT_FALSE(board->shown());
  EXPECT_FALSE(board->grab().isNull());
  EXPECT_THAT(find<ProblemsPanel>("planProblems")->csv().toStdString(),
              HasSubstr("1,,error,slots_not_divisible"));
  view->setLayer(2);
  EXPECT_TRUE(board->shown());
  EXPECT_FALSE(board->grab().isNull());
  view->editor().place(2, 3, 3);
  EXPECT_TRUE(document->state().problems(2).empty());
}

TEST_F(PlanBoardTest, theSelectionIsSharedWithTheLoadViews) {
  board->select(16);
  EXPECT_EQ(selection.place(), (ModelPlace{.layer = 0, .expert = 0, .gpu = 3, .slot = 16}));
  selection.setPlace({2, 7, -1});
  EXPECT_EQ(view->layer(), 2);
  EXPECT_EQ(board->currentExpert(), 7);
}

TEST_F(PlanBoardTest, otherWindowsGiveOtherFigures) {
  const double all = imbalance();
  loads.setWindows({0, 1});
  const double first = imbalance();
  EXPECT_NE(all, first);
  loads.setWindows({0, 2});
  EXPECT_EQ(imbalance(), all);
}

TEST_F(PlanBoardTest, ThreeHundredTwentyGpusAreFoldedByNodesAndOpen) {
  view->resize(700, 640);
  Plan plan{.num_gpus = 320,
            .num_nodes = 40,
            .num_groups = 8,
            .num_experts = 256,
            .physical_to_logical = {{}}};
  for (int s = 0; s < 320; ++s) plan.physical_to_logical[0].push_back(s % 256);
  loads.setLoads(test::plan_loads(1, 256), {"big.json"});
  document->open(plan, {}, {}, "decode");
  QApplication::processEvents();
  ASSERT_TRUE(board->shown());
  ASSERT_TRUE(board->folds());
  for (int n = 0; n < 40; ++n) EXPECT_TRUE(board->boardLayout().folded(n)) << n;
  EXPECT_TRUE(board->slotRect(319).isEmpty());
  board->select(319);
  EXPECT_FALSE(board->boardLayout().folded(39)) << "what is selected is seen";
  EXPECT_TRUE(board->boardLayout().folded(38));
  EXPECT_TRUE(board->viewport()->rect().contains(board->slotRect(319)));
  // A slot of an open node goes to one of another open node.
  board->select(300);
  dragOver(300, 319);
  drop(319);
  EXPECT_EQ(expert(319), 300 % 256);
  trigger("plan.fold_node");
  EXPECT_TRUE(board->boardLayout().folded(39));
  const QRectF tile = board->boardLayout().node(39);
  const QPoint at = tile.center().toPoint() - QPoint(0, board->verticalScrollBar()->value());
  mouse(QEvent::MouseButtonPress, at);
  mouse(QEvent::MouseButtonRelease, at, Qt::NoModifier, false);
  EXPECT_FALSE(board->boardLayout().folded(39)) << "by a click";
  board->setZoom(100);
  EXPECT_LE(board->zoom(), 3);
  board->zoomToFit();
  EXPECT_LT(board->zoom(), 2);
  view->resize(3600, 2400);
  QApplication::processEvents();
  EXPECT_FALSE(board->folds()) << "there is room for all slots";
}

TEST_F(PlanBoardTest, WhatWasBeforeIsMarkedInOrangeAndDescribed) {
  const auto orange = [this] {
    const QImage image = board->viewport()->grab().toImage();
    const QRgb mark = Theme::of(board->palette()).color(SpanClass::Dispatch).rgb();
    int pixels = 0;
    for (int y = 0; y < image.height(); ++y)
      for (int x = 0; x < image.width(); ++x) pixels += image.pixel(x, y) == mark ? 1 : 0;
    return pixels;
  };
  EXPECT_EQ(orange(), 0) << "nothing is changed yet";
  EXPECT_EQ(document->title(), "test plan");
  view->editor().swap(0, 0, 6);
  EXPECT_GT(orange(), 50) << "edges of two slots, load of two GPUs";
  EXPECT_THAT(slot_text(board->picture(), 0).toStdString(), HasSubstr("expert 0 before"));
  EXPECT_THAT(slot_text(board->picture(), 1).toStdString(), Not(HasSubstr("before")));
  EXPECT_EQ(document->title(), "test plan, edited");
  EXPECT_THAT(view->findChild<QLabel*>("planHeading")->text().toStdString(),
              HasSubstr("test plan, edited"));
  document->undoStack().undo();
  EXPECT_EQ(orange(), 0);
}

/// Every slot is found at its own centre, and no two slots overlap.
TEST(BoardLayout, SlotsAreWhereTheyAreDrawn) {
  const BoardShape shapes[] = {{32, 4, 9}, {320, 40, 1}, {1, 1, 40},
                               {7, 7, 3},  {320, 1, 1},  {6, 2, 17}};
  for (const BoardShape& shape : shapes)
    for (const qreal width : {200.0, 900.0, 2400.0}) {
      const BoardLayout layout(shape, width, 0.8);
      for (int s = 0; s < shape.slot_count(); ++s) {
        const QRectF box = layout.slot(s);
        EXPECT_EQ(layout.slotAt(box.center()), s);
        EXPECT_EQ(layout.gpuAt(box.center()), s / shape.slots_per_gpu);
        EXPECT_TRUE(layout.node(s / shape.slots_per_gpu / shape.gpus_per_node()).contains(box));
        EXPECT_FALSE(s > 0 && layout.slot(s - 1).intersects(box));
      }
      EXPECT_EQ(layout.slotAt(QPointF(-5, -5)), -1);
      EXPECT_EQ(layout.slotAt(QPointF(1e6, 1e6)), -1);
    }
}

TEST(BoardLayout, SlotsWrapSoThatTheBarsOfGpusStayInSight) {
  for (const int slots : {1, 7, 9, 16, 20, 40})
    for (const int width : {400, 560, 900, 1900}) {
      const BoardLayout layout({4, 2, slots}, width, 1);
      for (int g = 0; g < 4; ++g) {
        EXPECT_LE(layout.bar(g).right(), width) << slots << " slots, " << width << " pixels";
        const QRectF last = layout.slot((g + 1) * slots - 1);
        EXPECT_TRUE(layout.gpu(g).contains(last)) << slots << " slots, " << width << " pixels";
        EXPECT_FALSE(layout.bar(g).intersects(layout.slot(g * slots)));
      }
    }
}

/// What a window of 1280 x 800 leaves for the board beside the heatmap.
TEST(BoardLayout, ThirtyTwoGpusOfNineSlotsAreReadableInHalfOfASmallWindow) {
  const BoardLayout layout = BoardLayout::fitted({32, 4, 9}, {690, 380});
  EXPECT_GE(layout.zoom(), BoardLayout::kReadableZoom);
  EXPECT_GE(layout.textSize(), 8);
  EXPECT_LE(layout.size().width(), 690.5);
  EXPECT_LE(layout.size().height(), 380.5);
  EXPECT_GE(layout.slot(0).width(), 20) << "three digits";
}

TEST(BoardLayout, AFittedBoardFillsItsRoom) {
  for (const QSizeF room : {QSizeF(690, 380), QSizeF(1100, 500), QSizeF(1900, 900)}) {
    const BoardLayout layout = BoardLayout::fitted({32, 4, 9}, room);
    EXPECT_GT(layout.size().width(), 0.75 * room.width()) << room.width();
    EXPECT_LE(layout.size().width(), room.width() + 0.5);
    EXPECT_LE(layout.size().height(), room.height() + 0.5);
  }
}

TEST(BoardLayout, FoldedNodesHaveABarPerGpuAndNoSlots) {
  std::vector<char> folded(40, 1);
  folded[7] = 0;
  const BoardLayout layout({320, 40, 1}, 690, 0.9, 1, folded);
  for (int n = 0; n < 40; ++n) {
    const QRectF node = layout.node(n);
    EXPECT_LE(node.right(), 690);
    EXPECT_EQ(layout.nodeAt(node.center()), n);
    for (int g = n * 8; g < (n + 1) * 8; ++g) {
      EXPECT_TRUE(node.contains(layout.gpu(g)));
      EXPECT_EQ(layout.gpuAt(layout.gpu(g).center()), g);
      EXPECT_EQ(layout.slot(g).isEmpty(), n != 7);
      EXPECT_EQ(layout.slotAt(layout.gpu(g).center()) >= 0 || n == 7, n == 7);
    }
    EXPECT_FALSE(n > 0 && node.intersects(layout.node(n - 1)));
  }
  EXPECT_EQ(layout.neighbour(63, Qt::Key_Right), 64) << "into the folded node, which opens";
}

TEST(BoardLayout, ArrowKeysReachEverySlot) {
  const BoardLayout layout({12, 3, 4}, 900, 1);
  std::set<int> reached{0};
  std::vector<int> open{0};
  while (!open.empty()) {
    const int at = open.back();
    open.pop_back();
    for (const auto key : {Qt::Key_Left, Qt::Key_Right, Qt::Key_Up, Qt::Key_Down})
      if (const int next = layout.neighbour(at, key); reached.insert(next).second)
        open.push_back(next);
  }
  EXPECT_EQ(reached.size(), 48U);
}

}  // namespace
}  // namespace moescope
