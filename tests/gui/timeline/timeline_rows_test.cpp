// Rows of the timeline and their places: order, folding, pinning, hiding, filtering, scrolling.
#include <gmock/gmock.h>

#include <QSettings>
#include <QSignalSpy>

#include "tests/gui/timeline/timeline_fixture.h"
#include "views/timeline/lanes/rank_rows.h"
#include "views/timeline/lanes/row_layout.h"
#include "views/timeline/lanes/row_model.h"

namespace moescope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> titles(const std::vector<TimelineRow>& rows) {
  std::vector<std::string> result;
  for (const auto& row : rows) result.push_back(row.title.toStdString());
  return result;
}

const RowKey kStream7{RowKind::Track, 0, 0, 0};
const RowKey kStream20{RowKind::Track, 0, 0, 1};

struct Rows : testing::Test {
  Rows() { model.setTrace(test::make_ranks(2, 3), false); }
  RowModel model;
};

TEST_F(Rows, goRankDeviceStreamThread) {
  EXPECT_THAT(
      titles(model.rows()),
      ElementsAre("rank 0", "GPU 0 overlap", "stream 7", "stream 20", "Host threads", "thread 1",
                  "rank 1", "GPU 0 overlap", "stream 7", "stream 20", "Host threads", "thread 1"));
  EXPECT_EQ(model.rows()[2].path.toStdString(), "rank 0 > GPU 0 > stream 7");
  EXPECT_EQ(model.rows()[0].indent, 0);
  EXPECT_EQ(model.rows()[2].indent, 1);
  EXPECT_EQ(model.rows()[5].indent, 2);
}

TEST_F(Rows, ranksAreOrderedByNumberNotByFile) {
  TraceBuilder builder;
  for (const int rank : {11, 2}) {
    const auto p =
        builder.add_process({.label = "rank " + std::to_string(rank), .pid = "1", .rank = rank});
    const auto t = builder.add_track(
        {.process = p, .type = TrackType::Thread, .device = -1, .id = 1, .name = "t"});
    SpanBatch batch;
    batch.columns.push_back({.start = 0, .duration = 1});
    builder.append(t, std::move(batch));
  }
  model.setTrace(builder.snapshot(), false);
  EXPECT_EQ(model.rows().front().title, "rank 2");
}

TEST_F(Rows, pinnedRowsShowTheFullPathAndLeaveTheirPlace) {
  model.setPinned(kStream20, true);
  EXPECT_THAT(titles(model.pinned()), ElementsAre("rank 0 > GPU 0 > stream 20"));
  EXPECT_EQ(model.pinned()[0].indent, 0);
  EXPECT_TRUE(model.pinned()[0].pinned);
  EXPECT_EQ(model.rows().size(), 11U);
  model.setPinned(kStream20, false);
  EXPECT_EQ(model.rows().size(), 12U);
  EXPECT_TRUE(model.pinned().empty());
}

TEST_F(Rows, aRulePinsWhatMatchesNowAndInTheNextTrace) {
  model.setPinRule("STREAM 20");
  EXPECT_THAT(titles(model.pinned()),
              ElementsAre("rank 0 > GPU 0 > stream 20", "rank 1 > GPU 0 > stream 20"));
  model.setTrace(test::make_ranks(3, 1), false);
  EXPECT_EQ(model.pinned().size(), 3U);
  model.unpinAll();
  model.setTrace(test::make_ranks(3, 1), false);
  EXPECT_TRUE(model.pinned().empty());
}

TEST_F(Rows, rankAndThreadHeadingsCannotBePinned) {
  model.setPinned({RowKind::Process, 0}, true);
  EXPECT_TRUE(model.pinned().empty());
}

TEST_F(Rows, pinnedRowsOutliveFoldingAndTheRankFilter) {
  model.setPinned(kStream20, true);
  model.toggle({RowKind::Process, 0});
  model.setProcessFilter(ProcessId{1});
  EXPECT_THAT(titles(model.pinned()), ElementsAre("rank 0 > GPU 0 > stream 20"));
  EXPECT_EQ(model.rows().size(), 6U);
}

TEST_F(Rows, foldedRanksShowTheirHeadingOnly) {
  model.toggle({RowKind::Process, 0});
  EXPECT_EQ(model.rows().size(), 7U);
  EXPECT_TRUE(model.rows()[0].collapsed);
  model.toggle({RowKind::Process, 0});
  EXPECT_EQ(model.rows().size(), 12U);
}

TEST_F(Rows, hiddenRowsComeBackTogether) {
  model.hide(kStream7);
  model.hide({RowKind::Process, 1});
  EXPECT_EQ(model.rows().size(), 5U);
  EXPECT_EQ(model.hiddenCount(), 2);
  model.showAll();
  EXPECT_EQ(model.rows().size(), 12U);
}

TEST_F(Rows, hidingAPinnedRowUnpinsIt) {
  model.setPinned(kStream7, true);
  model.hide(kStream7);
  EXPECT_TRUE(model.pinned().empty());
  EXPECT_EQ(model.find(kStream7), nullptr);
}

TEST_F(Rows, oneRankAloneByFilterAndByHidingOthers) {
  model.setProcessFilter(ProcessId{1});
  EXPECT_THAT(model.rows().front().title.toStdString(), HasSubstr("rank 1"));
  EXPECT_EQ(model.rows().size(), 6U);
  model.setProcessFilter({});
  model.hideOthers(0);
  EXPECT_THAT(model.rows().front().title.toStdString(), HasSubstr("rank 0"));
  EXPECT_EQ(model.rows().size(), 6U);
}

TEST_F(Rows, revealUnfoldsAndUnhides) {
  model.hide({RowKind::Process, 1});
  const RowKey thread{RowKind::Track, 1, -1, 5};
  model.reveal(thread);
  EXPECT_NE(model.find(thread), nullptr);
}

TEST_F(Rows, aFoldedRankShowsTheOverlapOfItsDevice) {
  EXPECT_FALSE(model.rows()[0].ribbon);
  model.toggle({RowKind::Process, 0});
  EXPECT_EQ(model.rows()[0].ribbon, (DeviceKey{0, 0}));
  EXPECT_EQ(model.rows()[0].detail.toStdString(), "process 100");
}

TEST_F(Rows, ofManyRanksEachStartsAsOneRow) {
  model.setTrace(test::make_ranks(RowModel::kRanksOpen + 1, 1), false);
  EXPECT_EQ(model.rows().size(), static_cast<std::size_t>(RowModel::kRanksOpen + 1));
  EXPECT_TRUE(model.rows()[5].ribbon);
  model.setTrace(test::make_ranks(2, 1), false);
  EXPECT_EQ(model.rows().size(), 12U);
}

struct Arranged : Rows {
  Arranged() {
    model.setTrace(test::make_ranks(6, 1), false);
    for (ProcessId p = 0; p < 6; ++p) model.toggle({RowKind::Process, p});
  }
};

TEST_F(Arranged, ranksStandInTheOrderGivenAndTheOthersFollow) {
  model.setArrangement({{{4, 0}}, {{1, 0}}});
  EXPECT_THAT(titles(model.rows()),
              ElementsAre("rank 4", "rank 1", "rank 0", "rank 2", "rank 3", "rank 5"));
  model.setArrangement({});
  EXPECT_EQ(model.rows()[0].title.toStdString(), "rank 0");
}

TEST_F(Arranged, ranksAlikeShareARowThatUnfolds) {
  model.setArrangement({{{4, 0}}, {{0, 0}, {1, 0}, {2, 0}, {5, 0}}, {{3, 0}}});
  EXPECT_THAT(titles(model.rows()), ElementsAre("rank 4", "4 ranks alike", "rank 3"));
  const TimelineRow alike = model.rows()[1];
  EXPECT_EQ(alike.detail.toStdString(), "0\u20132, 5");
  EXPECT_EQ(alike.ribbon, (DeviceKey{0, 0}));
  model.toggle(alike.key);
  EXPECT_THAT(titles(model.rows()), ElementsAre("rank 4", "4 ranks alike", "rank 0", "rank 1",
                                                "rank 2", "rank 5", "rank 3"));
  EXPECT_EQ(model.rows()[2].indent, 1);
  EXPECT_FALSE(model.rows()[1].ribbon) << "its ranks show theirs";
}

TEST_F(Arranged, aSpanOfARankAlikeCanBeRevealed) {
  model.setArrangement({{{0, 0}, {1, 0}, {2, 0}}});
  model.hide({RowKind::Process, 0});
  EXPECT_EQ(model.rows()[0].title.toStdString(), "2 ranks alike");
  const RowKey stream{RowKind::Track, 2, 0, 6};
  EXPECT_EQ(model.find(stream), nullptr);
  model.reveal(stream);
  EXPECT_NE(model.find(stream), nullptr);
  model.setProcessFilter(ProcessId{1});
  EXPECT_EQ(model.rows()[0].title.toStdString(), "rank 1") << "one is left: no group";
}

TEST_F(Rows, manyLevelsAreCappedUntilExpanded) {
  model.setLaneTotals({{2, 9}});
  const auto* row = model.rowOf(2);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->lanes, RowModel::kLaneCap);
  EXPECT_EQ(row->detail.toStdString(), "+3 levels");
  model.toggle(row->key);
  EXPECT_EQ(model.rowOf(2)->lanes, 9);
}

TEST_F(Rows, reportChangesOnce) {
  QSignalSpy spy(&model, &RowModel::changed);
  model.setPinned(kStream7, true);
  model.setPinned(kStream7, true);
  EXPECT_EQ(spy.count(), 1);
}

TEST_F(Rows, aTraceThatGrowsKeepsPinsAndFolds) {
  model.setPinned(kStream7, true);
  model.toggle({RowKind::Process, 1});
  model.setTrace(test::make_ranks(3, 4), true);
  EXPECT_EQ(model.pinned().size(), 1U);
  EXPECT_EQ(model.rows().size(), 5U + 1U + 6U);
  model.setTrace(test::make_ranks(3, 4), false);
  EXPECT_TRUE(model.pinned().empty());
}

struct Layout : Rows {
  RowLayout layout;
};

TEST_F(Layout, rowsFollowEachOtherWithoutGap) {
  layout.update(model, 18, 2000, 0);
  ASSERT_EQ(layout.placed().size(), 12U);
  int y = 0;
  for (const auto& placed : layout.placed()) {
    EXPECT_EQ(placed.y, y);
    y += placed.height;
  }
  EXPECT_EQ(y, layout.contentHeight());
  EXPECT_EQ(layout.maxScroll(), 0);
}

TEST_F(Layout, lanesFillTheHeightWithinTheirLimits) {
  // 2 ranks: 24 + 20 (ribbon) + 2 x lane + 20 (threads) + lane each, and 2 px below every lane.
  const int fixed = 2 * (24 + 20 + 20 + 3 * RowLayout::kGap);
  EXPECT_EQ(layout.fillingHeight(model, fixed + 6 * 30 + 5), 30);
  EXPECT_EQ(layout.fillingHeight(model, 100), RowLayout::kLaneHeight);
  EXPECT_EQ(layout.fillingHeight(model, 5000), RowLayout::kMaxLaneHeight);
}

TEST_F(Layout, onlyVisibleRowsArePlacedAndEveryPointHitsItsRow) {
  layout.update(model, 18, 60, 50);
  EXPECT_LT(layout.placed().size(), 12U);
  for (int y = 0; y < 60; ++y) {
    const RowHit hit = layout.at(y);
    ASSERT_NE(hit.row, nullptr) << y;
    const auto* placed = layout.find(hit.row->key);
    EXPECT_LE(layout.top(*placed), y);
    EXPECT_GT(placed->y + placed->height, y);
  }
}

TEST_F(Layout, scrollStaysInsideTheContent) {
  layout.update(model, 18, 100, 100000);
  EXPECT_EQ(layout.scroll(), layout.maxScroll());
  EXPECT_EQ(layout.placed().back().y + layout.placed().back().height, 100);
  layout.update(model, 18, 100, -50);
  EXPECT_EQ(layout.scroll(), 0);
}

TEST_F(Layout, pinnedRowsStayWhileOthersScrollBelow) {
  model.setPinned(kStream20, true);
  layout.update(model, 18, 100, 60);
  EXPECT_TRUE(layout.placed().front().pinned);
  EXPECT_EQ(layout.placed().front().y, 0);
  for (const auto& placed : layout.placed())
    if (!placed.pinned) {
      EXPECT_GE(layout.top(placed), layout.pinnedHeight());
    }
  EXPECT_EQ(layout.at(5).row->key, kStream20);
}

TEST_F(Layout, scrollToBringsARowJustIntoView) {
  layout.update(model, 18, 80, 0);
  const RowKey last = model.rows().back().key;
  const auto scroll = layout.scrollTo(model, last);
  ASSERT_TRUE(scroll.has_value());
  layout.update(model, 18, 80, *scroll);
  ASSERT_NE(layout.find(last), nullptr);
  EXPECT_LE(layout.find(last)->y + layout.find(last)->height, 80);
  EXPECT_EQ(layout.scrollTo(model, last), std::nullopt);
}

TEST_F(Layout, noHeightAndNoRowsAreSafe) {
  layout.update(model, 18, 0, 0);
  EXPECT_TRUE(layout.placed().empty());
  model.setTrace(nullptr, false);
  layout.update(model, 18, 100, 0);
  EXPECT_TRUE(layout.placed().empty());
  EXPECT_EQ(layout.at(10).row, nullptr);
}

/// Ranks 0 and 1 are alike; rank 2 exposes more, rank 3 computes longer.
TracePtr uneven_ranks() {
  TraceBuilder builder;
  for (int rank = 0; rank < 4; ++rank) {
    const ProcessId p = builder.add_process(
        {.label = "rank " + std::to_string(rank), .pid = std::to_string(rank), .rank = rank});
    builder.add_device({.process = p, .index = 0, .name = "Test GPU", .sm_count = 132});
    const auto put = [&](std::int64_t stream, const char* name, TimeNs start, TimeNs length) {
      const TrackId t = builder.add_track(
          {.process = p, .type = TrackType::DeviceStream, .device = 0, .id = stream});
      SpanBatch batch;
      Span span;
      span.start = start;
      span.duration = length;
      span.name = builder.strings().intern(name);
      span.kind = SpanKind::Kernel;
      batch.columns.push_back(span);
      builder.append(t, std::move(batch));
    };
    put(7, "gemm", 0, rank == 3 ? 900 : 500);
    put(20, "deep_ep::dispatch", 400, rank == 2 ? 600 : 300);
  }
  return builder.snapshot();
}

struct RankOrderOfWindow : testing::Test {
  void choose(const char* action) {
    auto* found = window.view->findChild<QAction*>(action);
    ASSERT_NE(found, nullptr);
    found->trigger();
    ASSERT_TRUE(test::wait_for([&] { return !window.view->ranks().busy(); }));
  }
  std::vector<std::string> ranks() {
    std::vector<std::string> result;
    for (const auto& row : window.scene().rows().rows())
      if (row.heading()) result.push_back(row.title.toStdString());
    return result;
  }
  test::TimelineWindow window;
};

TEST_F(RankOrderOfWindow, isChosenInTheMenuAndForgottenByNoTrace) {
  QSettings().clear();
  window.open(uneven_ranks());
  EXPECT_THAT(ranks(), ElementsAre("rank 0", "rank 1", "rank 2", "rank 3"));
  choose("timeline.ranks_by_exposed");
  EXPECT_THAT(ranks(), ElementsAre("rank 2", "rank 0", "rank 1", "rank 3"));
  choose("timeline.ranks_by_compute");
  EXPECT_THAT(ranks(), ElementsAre("rank 3", "rank 0", "rank 1", "rank 2"));
  window.open(uneven_ranks());
  ASSERT_TRUE(test::wait_for([&] { return ranks().front() == "rank 3"; }));
  choose("timeline.alike_ranks");
  EXPECT_THAT(ranks(), ElementsAre("rank 3", "2 ranks alike", "rank 2"));
  choose("timeline.alike_ranks");
  choose("timeline.ranks_by_number");
  EXPECT_THAT(ranks(), ElementsAre("rank 0", "rank 1", "rank 2", "rank 3"));
}

TEST_F(RankOrderOfWindow, isOfWhatFiguresAreOf) {
  QSettings().clear();
  window.open(uneven_ranks());
  window.selection.setRange({0, 600});
  window.selection.setScope(FigureScope::Visible);
  choose("timeline.ranks_by_exposed");
  // Until 600 ns ranks 0 to 2 expose 100 ns each, rank 3 nothing.
  EXPECT_THAT(ranks(), ElementsAre("rank 0", "rank 1", "rank 2", "rank 3"));
  choose("timeline.ranks_by_number");
}

TEST(TimelineRows, aSpanSelectedElsewhereUnfoldsItsRankAndComesIntoView) {
  test::TimelineWindow window({1030, 300});
  window.open(test::make_ranks(RowModel::kRanksOpen + 4, 2));
  const SpanRef span{static_cast<TrackId>(3 * (RowModel::kRanksOpen + 2)), 1};
  EXPECT_EQ(window.scene().rows().rowOf(span.track), nullptr) << "ranks start folded";
  window.selection.selectSpan(span);
  ASSERT_NE(window.scene().rows().rowOf(span.track), nullptr);
  const auto* placed = window.scene().layout().rowOf(span.track);
  ASSERT_NE(placed, nullptr);
  EXPECT_LE(placed->y + placed->height, window.scene().layout().height());
  const int scroll = window.scene().layout().scroll();
  window.scene().setScroll(0);
  window.selection.setHovered({0, 0});
  window.selection.selectSpan({0, 0});
  EXPECT_EQ(window.scene().rows().rowOf(0), nullptr) << "clicked here: rows stay";
  EXPECT_GT(scroll, 0);
}

}  // namespace
}  // namespace moescope
