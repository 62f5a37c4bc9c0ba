// One selection over trace, loads and plan: what stays and what goes when these change. No widgets.
#include "views/workspace/workspace.h"

#include <gtest/gtest.h>

#include <QSignalSpy>

#include "core/trace/sink.h"

namespace moescope {
namespace {

TracePtr trace_until(TimeNs end) {
  TraceBuilder builder;
  builder.add_process(Process{});
  const TrackId track = builder.add_track(Track{});
  SpanBatch batch;
  batch.columns.start = {0, end - 10};
  batch.columns.duration = {10, 10};
  batch.columns.name.assign(2, builder.strings().intern("span"));
  batch.columns.correlation.assign(2, 0);
  batch.columns.launch.assign(2, 0);
  batch.columns.kind.assign(2, SpanKind::Kernel);
  builder.append(track, std::move(batch));
  return builder.snapshot();
}

LoadsPtr loads_of(int layers, int experts) {
  auto loads = std::make_shared<LoadSet>();
  loads->experts = experts;
  loads->windows.emplace_back(static_cast<std::size_t>(layers),
                              std::vector<double>(static_cast<std::size_t>(experts), 1.0));
  return loads;
}

TEST(Workspace, AnotherTraceShowsItsWholeRangeAndForgetsSpans) {
  Workspace workspace;
  workspace.trace().setTrace(trace_until(1000), {"a"});
  EXPECT_EQ(workspace.selection().full(), (TimeRange{0, 1000}));
  workspace.selection().setRange({100, 300});
  workspace.selection().selectSpan({0, 1});
  workspace.trace().setTrace(trace_until(5000), {"b"});
  EXPECT_EQ(workspace.selection().range(), (TimeRange{0, 5000}));
  EXPECT_TRUE(workspace.selection().selectedSpans().empty());
  EXPECT_FALSE(workspace.selection().canGoBack());
}

TEST(Workspace, TheCompleteFileOfARecordingKeepsRangeAndAreaButNoSpans) {
  Workspace workspace;
  workspace.trace().setTrace(trace_until(1000), {"live"});
  workspace.selection().setRange({100, 300});
  workspace.selection().setArea(AreaSelection{{120, 200}, {}});
  workspace.selection().selectSpan({0, 1});
  QSignalSpy trace_changed(&workspace.trace(), &TraceDocument::traceChanged);
  workspace.trace().completeTrace(trace_until(1200), {"file"}, nullptr);
  EXPECT_EQ(trace_changed.count(), 1);
  EXPECT_FALSE(workspace.trace().completing());
  EXPECT_EQ(workspace.selection().range(), (TimeRange{100, 300}));
  EXPECT_EQ(workspace.selection().full(), (TimeRange{0, 1200}));
  ASSERT_TRUE(workspace.selection().area());
  EXPECT_EQ(workspace.selection().area()->range, (TimeRange{120, 200}));
  EXPECT_TRUE(workspace.selection().selectedSpans().empty());
}

TEST(Workspace, AGrowingTraceCanBeShownFurtherAndKeepsWhatIsLookedAt) {
  Workspace workspace;
  workspace.trace().setTrace(trace_until(1000), {"live"});
  workspace.selection().setRange({100, 300});
  workspace.selection().selectSpan({0, 1});
  workspace.trace().growTrace(trace_until(2000));
  EXPECT_EQ(workspace.selection().full(), (TimeRange{0, 2000}));
  EXPECT_EQ(workspace.selection().range(), (TimeRange{100, 300}));
  EXPECT_EQ(workspace.selection().currentSpan(), (SpanRef{0, 1}));
}

TEST(Workspace, OtherLoadsKeepThePlaceAsFarAsTheyHaveIt) {
  Workspace workspace;
  Selection& selection = workspace.selection();
  workspace.loads().setLoads(loads_of(4, 16), {"a"});
  selection.setPlace({.layer = 3, .expert = 12, .gpu = 1});
  selection.setHoveredPlace({.layer = 2});
  workspace.loads().setLoads(loads_of(2, 16), {"b"});
  EXPECT_EQ(selection.place(), (ModelPlace{.layer = -1, .expert = 12, .gpu = 1}));
  EXPECT_EQ(selection.hoveredPlace(), ModelPlace{});
  workspace.loads().setLoads(nullptr, {});
  EXPECT_EQ(selection.place(), (ModelPlace{.gpu = 1}));
}

TEST(Workspace, MoreWindowsOfTheSameLoadsLeaveThePointerAlone) {
  Workspace workspace;
  workspace.loads().setLoads(loads_of(4, 16), {"a"});
  workspace.selection().setHoveredPlace({.layer = 2});
  workspace.loads().growLoads(loads_of(4, 16));
  EXPECT_EQ(workspace.selection().hoveredPlace(), (ModelPlace{.layer = 2}));
}

TEST(Workspace, TheSelectionFitsBeforeAnyViewHearsOfTheChange) {
  Workspace workspace;
  TimeRange seen;
  QObject::connect(&workspace.trace(), &TraceDocument::traceChanged, &workspace,
                   [&] { seen = workspace.selection().full(); });
  workspace.trace().setTrace(trace_until(700), {"a"});
  EXPECT_EQ(seen, (TimeRange{0, 700}));
}

TEST(Workspace, APlaceThatStaysTheSameIsNotReported) {
  Workspace workspace;
  QSignalSpy changed(&workspace.selection(), &Selection::placeChanged);
  workspace.selection().setPlace({.layer = 1, .slot = 4, .step = 7, .micro_batch = 1});
  workspace.selection().setPlace({.layer = 1, .slot = 4, .step = 7, .micro_batch = 1});
  EXPECT_EQ(changed.count(), 1);
  workspace.selection().setPlace({.layer = 1, .slot = 4, .step = 8, .micro_batch = 1});
  EXPECT_EQ(changed.count(), 2);
}

}  // namespace
}  // namespace moescope
