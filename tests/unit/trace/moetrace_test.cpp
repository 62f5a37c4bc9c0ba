#include "core/trace/file/moetrace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/moetrace_samples.h"

namespace moescope {
namespace {

using test::expect_same_trace;
using test::sample_trace;
using test::TempFolder;

TEST(Moetrace, EveryFieldSurvivesTheRoundTrip) {
  TempFolder folder;
  const TracePtr written = sample_trace();
  Progress progress;
  write_moetrace(*written, folder / "a.moetrace", progress);
  expect_same_trace(*written, *open_moetrace(folder / "a.moetrace"));
}

TEST(Moetrace, SavedRulesComeBack) {
  TempFolder folder;
  Progress progress;
  write_moetrace(*sample_trace(), folder / "a.moetrace", progress, {"{\"schema\":1}", {}});
  const TracePtr first = open_moetrace(folder / "a.moetrace");
  EXPECT_EQ(first->info().rules_json, "{\"schema\":1}");
  write_moetrace(*first, folder / "b.moetrace", progress);
  EXPECT_EQ(open_moetrace(folder / "b.moetrace")->info().rules_json, "{\"schema\":1}");
}

TEST(Moetrace, GivenNotesReplaceThoseOfTheTrace) {
  TempFolder folder;
  Progress progress;
  const std::vector<Note> notes = {
      {.time = 7, .track = 1, .span = SpanRef{1, 2}, .text = "mine", .color = "violet"}};
  write_moetrace(*sample_trace(), folder / "a.moetrace", progress, {{}, notes});
  EXPECT_EQ(open_moetrace(folder / "a.moetrace")->notes(), notes);
  write_moetrace(*sample_trace(), folder / "a.moetrace", progress, {{}, std::vector<Note>{}});
  EXPECT_TRUE(open_moetrace(folder / "a.moetrace")->notes().empty());
}

TEST(Moetrace, StoredSummariesAreThoseOfTheSpans) {
  TempFolder folder;
  const TracePtr written = sample_trace();
  Progress progress;
  write_moetrace(*written, folder / "a.moetrace", progress);
  const TracePtr read = open_moetrace(folder / "a.moetrace");
  for (TrackId track = 0; track < written->tracks().size(); ++track) {
    EXPECT_EQ(read->depth_count(track), written->summary(track)->depth_count);
    for (const double ns : {1.0, 100.0, 5000.0, 1e6, 1e9}) {
      for (const TimeRange window : {TimeRange{0, 1 << 30}, TimeRange{100000, 130000}}) {
        const auto buckets = [&](const Trace& trace) {
          std::vector<std::vector<std::int64_t>> found;
          const bool enough =
              trace.visit_buckets(track, {0, ns, window}, [&](auto part, std::uint8_t shift) {
                for (const auto& b : part)
                  found.push_back({shift, b.index, b.count, b.busy, b.longest, b.longest_ns,
                                   static_cast<std::int64_t>(b.kind)});
              });
          found.push_back({enough});
          return found;
        };
        EXPECT_EQ(buckets(*read), buckets(*written)) << track << " at " << ns;
      }
    }
  }
}

TEST(Moetrace, AnEmptyTraceRoundTrips) {
  TempFolder folder;
  Progress progress;
  write_moetrace(*TraceBuilder().snapshot(), folder / "a.moetrace", progress);
  EXPECT_EQ(open_moetrace(folder / "a.moetrace")->span_count(), 0U);
}

TEST(Moetrace, CancellingLeavesTheOldFileAndNoOther) {
  TempFolder folder;
  Progress progress;
  write_moetrace(*TraceBuilder().snapshot(), folder / "a.moetrace", progress);
  Progress cancelled;
  cancelled.cancel();
  EXPECT_THROW(write_moetrace(*sample_trace(), folder / "a.moetrace", cancelled), Cancelled);
  EXPECT_EQ(open_moetrace(folder / "a.moetrace")->span_count(), 0U);
  EXPECT_EQ(folder.file_count(), 1U);
}

}  // namespace
}  // namespace moescope
