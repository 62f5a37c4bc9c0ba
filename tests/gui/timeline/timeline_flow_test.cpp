// Flow arrows, and the rows in the accessibility tree.
#include <gmock/gmock.h>

#include <QAccessible>

#include "tests/gui/timeline/timeline_fixture.h"
#include "tests/support/flow_trace.h"
#include "views/timeline/spans/flow_links.h"

namespace moescope {
namespace {

using testing::UnorderedElementsAre;

struct TimelineFlow : testing::Test, test::TimelineWindow {
  void SetUp() override { open(test::make_ranks(3, 4)); }
  FlowLinks& flow() { return scene().flow(); }
  void select(SpanRef span) {
    selection.selectSpan(span);
    ASSERT_TRUE(test::wait_for([&] { return !flow().busy(); }));
  }
};

TEST_F(TimelineFlow, aLaunchLeadsToItsKernel) {
  select({2, 4});  // second launch of layer 1: its dispatch
  ASSERT_EQ(flow().links().size(), 1U);
  EXPECT_EQ(flow().links()[0].kind, FlowLink::Kind::Launch);
  EXPECT_EQ(flow().links()[0].from.ref, (SpanRef{2, 4}));
  EXPECT_EQ(flow().links()[0].to.ref, (SpanRef{1, 1}));
  EXPECT_EQ(flow().links()[0].to.span.start, 1300);
}

TEST_F(TimelineFlow, aCollectiveLeadsToItsPeersAndItsLaunch) {
  select({1, 2});
  std::vector<SpanRef> peers;
  int launches = 0;
  for (const auto& link : flow().links()) {
    if (link.kind == FlowLink::Kind::Collective)
      peers.push_back(link.to.ref);
    else
      ++launches;
  }
  EXPECT_THAT(peers, UnorderedElementsAre(SpanRef{4, 2}, SpanRef{7, 2}));
  EXPECT_EQ(launches, 1);
}

TEST_F(TimelineFlow, nothingSelectedHasNoLinks) {
  select({1, 2});
  selection.clearSelection();
  EXPECT_TRUE(flow().links().empty());
}

TEST_F(TimelineFlow, aNewTraceForgetsTheLinks) {
  select({1, 2});
  document.setTrace(test::make_trace({{"a", 0, 10}}), {"b.json"});
  EXPECT_TRUE(flow().links().empty());
}

TEST_F(TimelineFlow, isDrawnOverTheLanes) {
  settle();
  const QImage before = picture();
  selection.selectSpan({2, 4});
  const QImage selected = picture();
  ASSERT_TRUE(test::wait_for([&] { return !flow().busy() && !flow().links().empty(); }));
  const QImage with_arrow = picture();
  EXPECT_NE(selected, with_arrow);
  EXPECT_NE(before, with_arrow);
}

/// The way of tokens over two ranks, in the lanes.
struct TokenLanes : testing::Test, test::TimelineWindow {
  void SetUp() override { open(made.trace); }
  void select(int stage, int rank) {
    selection.selectSpan(made.spans.at({stage, rank, 1, 0, 1}));
    ASSERT_TRUE(test::wait_for(
        [&] { return selection.tokenFlow() && !flow_busy() && !workspace.placeLink().busy(); }));
  }
  bool flow_busy() { return scene().flow().busy(); }
  test::MadeFlow made = test::make_flow({});
};

TEST_F(TokenLanes, aDispatchIsFollowedToTheExpertsOfAllRanksAndBack) {
  select(0, 0);
  const auto& flow = *selection.tokenFlow();
  EXPECT_EQ(flow.gap, FlowGap::None) << to_string(flow.gap);
  EXPECT_EQ(flow.hops.size(), 4U);
  const QImage with = picture();
  selection.setTokenFlow(nullptr);
  EXPECT_NE(picture(), with) << "arrows are drawn";
}

TEST_F(TokenLanes, anotherSelectionDropsTheWay) {
  select(1, 1);
  selection.selectSpan({});
  EXPECT_FALSE(selection.tokenFlow());
}

TEST_F(TokenLanes, ofFoldedRanksTheArrowsEndAtTheirRow) {
  select(0, 0);
  scene().rows().toggle({RowKind::Process, 1});
  settle();
  const auto middle = scene().laneOrRankMiddle(made.trace->span(made.spans.at({1, 1, 1, 0, 1})),
                                               made.spans.at({1, 1, 1, 0, 1}).track);
  ASSERT_TRUE(middle);
  const RowHit hit = scene().layout().at(static_cast<int>(*middle));
  ASSERT_NE(hit.row, nullptr);
  EXPECT_EQ(hit.row->key, (RowKey{RowKind::Process, 1}));
}

struct TimelineAccess : TimelineFlow {
  QAccessibleInterface* tree() { return QAccessible::queryAccessibleInterface(&canvas()); }
  QAccessibleInterface* rowNamed(const QString& name) {
    for (int i = 0; i < tree()->childCount(); ++i)
      if (tree()->child(i)->text(QAccessible::Name) == name) return tree()->child(i);
    return nullptr;
  }
};

TEST_F(TimelineAccess, hasTheRowsAsChildrenWithNameClassAndState) {
  ASSERT_NE(tree(), nullptr);
  EXPECT_EQ(tree()->role(), QAccessible::Tree);
  EXPECT_EQ(tree()->childCount(), 18);
  auto* stream = rowNamed("rank 0 > GPU 0 > stream 20");
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(stream->role(), QAccessible::TreeItem);
  EXPECT_EQ(stream->text(QAccessible::Description), "stream, 4 spans");
  EXPECT_EQ(stream->parent(), tree());
  EXPECT_FALSE(stream->state().selected);
  EXPECT_FALSE(stream->state().checked);
  auto* rank = rowNamed("rank 1");
  ASSERT_NE(rank, nullptr);
  EXPECT_TRUE(rank->state().expandable);
  EXPECT_TRUE(rank->state().expanded);
}

TEST_F(TimelineAccess, describesTheSelectedSpanOfARow) {
  selection.selectSpan({1, 2});
  auto* stream = rowNamed("rank 0 > GPU 0 > stream 20");
  ASSERT_NE(stream, nullptr);
  EXPECT_TRUE(stream->state().selected);
  EXPECT_THAT(stream->text(QAccessible::Value).toStdString(),
              testing::HasSubstr("deep_ep::dispatch"));
}

TEST_F(TimelineAccess, rowsAreWhereTheyAreDrawn) {
  auto* stream = rowNamed("rank 0 > GPU 0 > stream 20");
  ASSERT_NE(stream, nullptr);
  const QPoint point = canvas().mapToGlobal(at(400, 1));
  EXPECT_TRUE(stream->rect().contains(point));
  EXPECT_EQ(tree()->childAt(point.x(), point.y()), stream);
  EXPECT_EQ(tree()->indexOfChild(stream), 3);
}

TEST_F(TimelineAccess, foldsByItsAction) {
  auto* rank = rowNamed("rank 1");
  ASSERT_NE(rank, nullptr);
  auto* actions = rank->actionInterface();
  ASSERT_NE(actions, nullptr);
  EXPECT_TRUE(actions->actionNames().contains(QAccessibleActionInterface::toggleAction()));
  actions->doAction(QAccessibleActionInterface::toggleAction());
  EXPECT_EQ(tree()->childCount(), 13);
  EXPECT_TRUE(rank->state().collapsed);
}

TEST_F(TimelineAccess, aRowThatIsGoneIsInvalid) {
  auto* stream = rowNamed("rank 2 > GPU 0 > stream 20");
  ASSERT_NE(stream, nullptr);
  scene().rows().hide({RowKind::Process, 2});
  EXPECT_FALSE(stream->isValid());
  EXPECT_TRUE(stream->state().invalid);
  EXPECT_EQ(rowNamed("rank 2 > GPU 0 > stream 20"), nullptr);
}

}  // namespace
}  // namespace moescope
