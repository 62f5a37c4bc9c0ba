// What is known of one span among others: of its name, of its device, of its collective.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/analysis/headline/headline.h"
#include "core/analysis/overlap/scope_at.h"
#include "core/analysis/overlap/span_overlap.h"
#include "core/analysis/results.h"
#include "core/analysis/spans/arrivals.h"
#include "core/analysis/spans/same_name.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::MadeSpan;
using test::make_trace;

/// 300 spans of three names on two streams, with durations that repeat.
std::vector<MadeSpan> random_spans() {
  std::mt19937 random(7);
  const char* names[] = {"gemm", "deep_ep::dispatch", "flash_fwd_kernel"};
  std::vector<MadeSpan> spans;
  for (int i = 0; i < 300; ++i)
    spans.push_back({names[random() % 3], static_cast<TimeNs>(random() % 5000),
                     static_cast<TimeNs>(random() % 40), static_cast<std::int64_t>(random() % 2),
                     SpanKind::Kernel});
  return spans;
}

TEST(SameName, AgreesWithSortingByHand) {
  const auto spans = random_spans();
  const auto trace = make_trace(spans);
  const StringId name = trace->span({0, 0}).name;
  std::vector<TimeNs> sorted;
  TimeNs total = 0;
  for (const MadeSpan& span : spans)
    if (span.name == trace->strings()[name]) {
      sorted.push_back(span.duration);
      total += span.duration;
    }
  std::sort(sorted.begin(), sorted.end());
  const SameName same(*trace, SpanKind::Kernel, name, no_progress());
  EXPECT_EQ(same.durations().count, sorted.size());
  EXPECT_EQ(same.durations().total, total);
  EXPECT_EQ(same.durations().max, sorted.back());
  EXPECT_EQ(trace->span(same.longest()).duration, sorted.back());
  EXPECT_EQ(trace->span(same.longest()).name, name);
  for (const int percent : {1, 50, 95, 100}) {
    const TimeNs value = same.percentile(percent);
    const auto reach = [&](TimeNs limit) {
      return 100 *
             std::count_if(sorted.begin(), sorted.end(), [limit](TimeNs d) { return d <= limit; });
    };
    const auto wanted = static_cast<long>(sorted.size()) * percent;
    EXPECT_GE(reach(value), wanted) << percent;
    EXPECT_LT(reach(value - 1), wanted) << percent;
  }
  for (const TimeNs duration : {TimeNs{0}, sorted[sorted.size() / 2], sorted.back()})
    EXPECT_EQ(
        same.longer_than(duration),
        std::count_if(sorted.begin(), sorted.end(), [duration](TimeNs d) { return d > duration; }));
}

TEST(SameName, OfANameThatOnlyAnotherKindHasIsEmpty) {
  const auto trace = make_trace({{"step", 0, 5, 1, SpanKind::Annotation}, {"gemm", 0, 5}});
  const auto named = [&](SpanKind kind) {
    StringId name = 0;
    for (TrackId track = 0; track < trace->tracks().size(); ++track)
      if (trace->name({track, 0}) == "step") name = trace->span({track, 0}).name;
    return SameName(*trace, kind, name, no_progress());
  };
  EXPECT_EQ(named(SpanKind::Annotation).durations().count, 1U);
  EXPECT_EQ(named(SpanKind::Kernel).durations().count, 0U);
  EXPECT_EQ(named(SpanKind::Kernel).percentile(50), 0);
  EXPECT_FALSE(named(SpanKind::Kernel).longest().valid());
}

TEST(SpanOverlap, AgreesWithCountingEveryNanosecond) {
  const auto spans = random_spans();
  const auto trace = make_trace(spans);
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  const auto covered = [&](TimeNs t, bool communication) {
    return std::any_of(spans.begin(), spans.end(), [&](const MadeSpan& span) {
      return (span.name == "deep_ep::dispatch") == communication && span.start <= t &&
             t < span.start + span.duration;
    });
  };
  for (const TimeRange range : {TimeRange{0, 400}, TimeRange{1000, 1030}, TimeRange{4990, 6000}}) {
    SpanOverlap expected;
    for (TimeNs t = range.begin; t < range.end; ++t) {
      ++(covered(t, false) ? expected.hidden : expected.alone);
      if (covered(t, true)) ++expected.beside;
    }
    const auto found = overlap_of_span(analysis->activity, {0, 0}, range);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->alone, expected.alone);
    EXPECT_EQ(found->hidden, expected.hidden);
    EXPECT_EQ(found->beside, expected.beside);
  }
  EXPECT_FALSE(overlap_of_span(analysis->activity, {0, 1}, {0, 10})) << "no such device";
}

TEST(ScopeAt, IsTheOneThatCoversMost) {
  const DeviceKey key{0, 0};
  std::vector<ScopeOverlap> scopes(4);
  scopes[0] = {"layer", "3", key, 1, {}, {{0, 100}, {200, 300}}};
  scopes[1] = {"layer", "4", key, 1, {}, {{100, 200}}};
  scopes[2] = {"layer", "5", {1, 0}, 1, {}, {{0, 300}}};
  scopes[3] = {"phase", "decode", key, 1, {}, {{0, 300}}};
  EXPECT_EQ(scope_at(scopes, "layer", key, {90, 115}), "4");
  EXPECT_EQ(scope_at(scopes, "layer", key, {80, 215}), "4") << "100 against 20 and 15";
  EXPECT_EQ(scope_at(scopes, "layer", key, {250, 250}), "3") << "a mark without length";
  EXPECT_EQ(scope_at(scopes, "layer", key, {300, 310}), "");
  EXPECT_EQ(scope_at(scopes, "layer", {1, 0}, {0, 10}), "5");
  EXPECT_EQ(scope_at(scopes, "micro_batch", key, {0, 10}), "");
}

/// An all-reduce that ranks start at the given times.
TracePtr collective_at(const std::vector<TimeNs>& starts) {
  TraceBuilder builder;
  for (const TimeNs start : starts) {
    const ProcessId process = builder.add_process({.label = "rank"});
    const TrackId track = builder.add_track({.process = process,
                                             .type = TrackType::DeviceStream,
                                             .device = 0,
                                             .id = 7,
                                             .name = "stream 7"});
    SpanBatch batch;
    Span span;
    span.start = start;
    span.duration = 1000 - start;
    span.name = builder.strings().intern("ncclDevKernel_AllReduce");
    span.kind = SpanKind::Kernel;
    batch.columns.push_back(span);
    builder.append(track, std::move(batch));
  }
  return builder.snapshot();
}

TEST(Arrivals, NameTheLastAndWhatEachWaited) {
  const auto trace = collective_at({120, 400, 100});
  const Classification classes(*trace, RuleSet::built_in());
  Progress progress;
  const FlowIndex flow(*trace, classes, progress);
  const auto of = [&](TrackId track) {
    return arrivals_of(*trace, {track, 0}, flow.find_peers(*trace, {track, 0}));
  };
  EXPECT_EQ(of(0).ranks, 3U);
  EXPECT_EQ(of(0).last, (SpanRef{1, 0}));
  EXPECT_EQ(of(0).spread, 300);
  EXPECT_EQ(of(0).waited, 280);
  EXPECT_EQ(of(1).waited, 0) << "it came last itself";
  EXPECT_EQ(of(1).last, (SpanRef{1, 0}));
  EXPECT_EQ(of(2).waited, 300);
  EXPECT_EQ(arrivals_of(*trace, {0, 0}, {}).ranks, 1U);
}

TEST(ActivityInArea, IsOfTheDevicesOfItsTracks) {
  const auto trace = collective_at({120, 400, 100});
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  const TimeRange range{0, 500};
  const auto of = [&](const std::vector<TrackId>& tracks) {
    return figures_by_exposed(activity_in_area(*trace, analysis->activity, range, tracks), range);
  };
  ASSERT_EQ(of({}).size(), 3U);
  EXPECT_EQ(of({})[0].key.process, 2U) << "most exposed first";
  EXPECT_EQ(of({})[0].figures.exposed, 400);
  EXPECT_EQ(of({})[2].figures.exposed, 100);
  EXPECT_EQ(of({})[2].figures.idle, 400);
  EXPECT_EQ(sum_of(of({})).exposed, 400 + 380 + 100);
  ASSERT_EQ(of({1}).size(), 1U);
  EXPECT_EQ(of({1})[0].key.process, 1U);
  EXPECT_EQ(exposed_rank(analysis->overlap, {2, 0}), 1U) << "900 ns exposed";
  EXPECT_EQ(exposed_rank(analysis->overlap, {0, 0}), 2U);
  EXPECT_EQ(exposed_rank(analysis->overlap, {1, 0}), 3U);
  EXPECT_EQ(exposed_rank(analysis->overlap, {5, 0}), 0U);
}

TEST(WorstDevice, IsThatOfTheWindowAlone) {
  const auto trace = collective_at({120, 400, 100});
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  const auto worst = [&](TimeRange window) {
    std::vector<DeviceActivity> cut;
    for (const DeviceActivity& device : analysis->activity)
      cut.push_back(cut_activity(device, window));
    return worst_device(*trace, *analysis->classes, cut, {});
  };
  ASSERT_TRUE(worst({110, 130}));
  EXPECT_EQ(worst({110, 130})->key, (DeviceKey{2, 0}));
  EXPECT_EQ(worst({110, 130})->exposed, 20);
  ASSERT_EQ(worst({110, 130})->causes.size(), 1U);
  EXPECT_EQ(worst({110, 130})->causes[0].longest, (TimeRange{110, 130}));
  EXPECT_FALSE(worst({0, 50}));
}

}  // namespace
}  // namespace moescope
