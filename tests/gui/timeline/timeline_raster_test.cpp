// Lanes as pixels against a plain reference that asks every span for every pixel.
#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "core/trace/sink.h"
#include "tests/support/trace_maker.h"
#include "views/timeline/lanes/lane_raster.h"
#include "views/timeline/spans/span_query.h"

namespace moescope {
namespace {

constexpr SpanKind kKinds[] = {SpanKind::Kernel, SpanKind::Memcpy, SpanKind::CpuOp};

/// One column of the picture, found by asking every span.
struct PlainColumn {
  double busy = 0;      ///< share of the column that is covered
  double longest = 0;   ///< share that the span covers which covers most
  CellColor color = 0;  ///< of that span
  bool touched = false;
};

std::vector<PlainColumn> plain_picture(const std::vector<Span>& spans, const PixelMap& map,
                                       const ClassTable& classes) {
  std::vector<PlainColumn> columns(static_cast<std::size_t>(map.width()));
  const double begin = static_cast<double>(map.range().begin), step = map.nsPerPixel();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const double from = begin + static_cast<double>(i) * step, to = from + step;
    for (const Span& span : spans) {
      const auto start = static_cast<double>(span.start), end = static_cast<double>(span.end());
      const double covered = std::max(0.0, std::min(end, to) - std::max(start, from)) / step;
      const bool inside = start >= from && start < to;
      if (covered <= 0 && !inside) continue;
      columns[i].touched = true;
      columns[i].busy += covered;
      if (covered > columns[i].longest || columns[i].longest == 0) {
        columns[i].longest = covered;
        columns[i].color = classes.color(span.kind, span.name);
      }
    }
  }
  return columns;
}

struct Lane {
  TracePtr trace;
  std::vector<Span> spans;
};

/// `count` spans one after the other: lengths and gaps up to `length` and `gap`.
Lane make_lane(int count, TimeNs length, TimeNs gap, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<test::MadeSpan> made;
  TimeNs at = 0;
  for (int i = 0; i < count; ++i) {
    at += std::uniform_int_distribution<TimeNs>(0, gap)(random);
    const TimeNs duration = std::uniform_int_distribution<TimeNs>(0, length)(random);
    made.push_back({"k" + std::to_string(i % 5), at, duration, 7, SpanKind::Kernel});
    at += std::max<TimeNs>(duration, 1);
  }
  Lane lane{test::make_trace(made), {}};
  lane.trace->visit_chunks(0, [&](const SpanChunk& chunk, std::uint32_t) {
    for (std::size_t i = 0; i < chunk.size(); ++i) lane.spans.push_back(chunk.columns().at(i));
    return true;
  });
  return lane;
}

std::vector<LoadedChunkPtr> all_chunks(const Trace& trace) {
  return load_chunks(trace, 0, {0, std::numeric_limits<TimeNs>::max()});
}

int level_of(double busy) {
  return std::max(1, static_cast<int>(std::min(busy, 1.0) * kFullLevel + 0.5));
}

/// Levels may differ by one where the busy share lies on the border between two.
void expect_level(int level, const PlainColumn& plain, std::size_t column) {
  if (!plain.touched) {
    EXPECT_EQ(level, 0) << "column " << column << " is empty";
    return;
  }
  EXPECT_GE(level, level_of(plain.busy - 1e-4)) << "column " << column;
  EXPECT_LE(level, level_of(plain.busy + 1e-4)) << "column " << column;
}

struct RasterCase {
  const char* name;
  int count;
  TimeNs length, gap;
  double first, last;  ///< part of the trace that is shown
};
void PrintTo(const RasterCase& c, std::ostream* out) {
  *out << c.name;
}

class Raster : public testing::TestWithParam<RasterCase> {
 protected:
  CellAccumulator accumulator;
  LaneCells cells;
  ClassTable classes;
};

TEST_P(Raster, spansAreWhereThePlainReferenceHasThem) {
  const auto& c = GetParam();
  const Lane lane = make_lane(c.count, c.length, c.gap, 11);
  const auto end = static_cast<double>(lane.trace->range().end);
  const PixelMap map({static_cast<TimeNs>(end * c.first), static_cast<TimeNs>(end * c.last) + 1},
                     500);
  rasterise_spans(all_chunks(*lane.trace), 0, map, classes, 0, accumulator, cells);
  const auto plain = plain_picture(lane.spans, map, classes);
  ASSERT_EQ(cells.level.size(), plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    expect_level(cells.level[i], plain[i], i);
    if (plain[i].longest > 0.01) {
      EXPECT_EQ(cells.color[i] & kCellClassMask, plain[i].color) << "column " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Timeline, Raster,
    testing::Values(RasterCase{"wide spans", 100, 900, 200, 0, 1},
                    RasterCase{"a few a column", 1000, 100, 50, 0, 1},
                    RasterCase{"the middle of it", 1000, 1000, 500, 0.4, 0.5},
                    RasterCase{"one span cut on both sides", 3, 100000, 10, 0.45, 0.46},
                    RasterCase{"less than a nanosecond a column", 50, 40, 30, 0, 0.2}));

TEST(Raster, denseColumnsAreFoundWithoutLookingAtEverySpan) {
  const Lane lane = make_lane(60000, 8, 8, 3);  // over 100 per column, several chunks
  const PixelMap map(lane.trace->range(), 500);
  CellAccumulator accumulator;
  LaneCells cells;
  const ClassTable classes;
  rasterise_spans(all_chunks(*lane.trace), 0, map, classes, 0, accumulator, cells);
  const auto plain = plain_picture(lane.spans, map, classes);
  double difference = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(cells.level[i] > 0, plain[i].touched) << i;
    difference += std::abs(cells.level[i] - level_of(plain[i].busy));
  }
  // Columns are estimated from their first spans: right on average.
  EXPECT_LT(difference / static_cast<double>(plain.size()), 1.5);
}

TEST(Raster, gapsOfOneColumnStayVisible) {
  std::vector<test::MadeSpan> made;
  for (int i = 0; i < 50; ++i) made.push_back({"k", i * 20, 10, 7, SpanKind::Kernel});
  const TracePtr trace = test::make_trace(made);
  const PixelMap map({0, 1000}, 100);
  CellAccumulator accumulator;
  LaneCells cells;
  rasterise_spans(all_chunks(*trace), 0, map, ClassTable(), 0, accumulator, cells);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(cells.level[i], i % 2 == 0 ? kFullLevel : 0) << i;
}

TEST(Raster, aSpanWithoutLengthIsVisible) {
  const TracePtr trace = test::make_trace({{"first", 0, 10}, {"mark", 500, 0}, {"last", 990, 10}});
  const PixelMap map({0, 1000}, 100);
  CellAccumulator accumulator;
  LaneCells cells;
  rasterise_spans(all_chunks(*trace), 0, map, ClassTable(), 0, accumulator, cells);
  EXPECT_GT(cells.level[50], 0);
  EXPECT_EQ(cells.level[49], 0);
  EXPECT_EQ(cells.level[51], 0);
}

TEST(Raster, namesAreNotedForWideSpansOnly) {
  const TracePtr trace =
      test::make_trace({{"wide", 0, 600}, {"narrow", 600, 20}, {"cut", 900, 1000}});
  const PixelMap map({100, 1100}, 1000);
  CellAccumulator accumulator;
  LaneCells cells;
  rasterise_spans(all_chunks(*trace), 0, map, ClassTable(), 40, accumulator, cells);
  ASSERT_EQ(cells.labels.size(), 2U);
  EXPECT_EQ(trace->strings()[cells.labels[0].name], "wide");
  EXPECT_DOUBLE_EQ(cells.labels[0].x0, -100);  // a side cuts it when it is drawn
  EXPECT_DOUBLE_EQ(cells.labels[0].x1, 500);
  EXPECT_DOUBLE_EQ(cells.labels[1].x0, 800);
  EXPECT_DOUBLE_EQ(cells.labels[1].x1, 1800);
}

TEST(Buckets, thatFitTheColumnsShowExactlyWhatSpansWould) {
  const Lane lane = make_lane(20000, 60, 40, 5);
  const TrackShape shape = read_shape(*lane.trace, 0);
  for (const int extra : {0, 1, 3}) {
    const int shift = shape.finestShift(0) + extra;
    const TimeNs column = TimeNs{1} << shift;
    const int width = static_cast<int>(lane.trace->range().end / column) + 1;
    const PixelMap map({0, column * width}, width);
    std::vector<BucketTilePtr> tiles;
    for (std::int64_t i = 0; i <= lane.trace->range().end >> tile_shift(shift); ++i)
      tiles.push_back(read_tile(*lane.trace, 0, 0, shift, i));
    CellAccumulator accumulator;
    LaneCells cells;
    const ClassTable classes;
    rasterise_buckets(tiles, map, classes, accumulator, cells);
    const auto plain = plain_picture(lane.spans, map, classes);
    for (std::size_t i = 0; i < plain.size(); ++i) expect_level(cells.level[i], plain[i], i);
  }
}

/// A lane in which a few spans are hits; the others are longer.
struct SearchedLane {
  explicit SearchedLane(unsigned seed) {
    std::mt19937 random(seed);
    std::vector<test::MadeSpan> made;
    TimeNs at = 0;
    for (int i = 0; i < 30'000; ++i) {
      const bool hit = random() % 150 == 0;
      made.push_back({hit ? "found" : "k" + std::to_string(i % 5), at, hit ? 3 : 40});
      at += 50;
    }
    trace = test::make_trace(made);
    Progress progress;
    map = find_spans(*trace, {"found"}, progress).map;
    trace->visit_chunks(0, [&](const SpanChunk& chunk, std::uint32_t) {
      for (std::size_t i = 0; i < chunk.size(); ++i)
        if (map->matches(chunk.columns().name[i])) hits.push_back(chunk.columns().start[i]);
      return true;
    });
  }
  /// Every column that is not empty is bright where a hit begins in it, else pale.
  void expectBrightHits(const LaneCells& cells, const PixelMap& pixels) const {
    std::vector<bool> bright(cells.color.size());
    for (const TimeNs hit : hits)
      if (const double x = pixels.x(hit); x >= 0 && x < pixels.width())
        bright[static_cast<std::size_t>(x)] = true;
    int some = 0;
    for (std::size_t i = 0; i < cells.color.size(); ++i) {
      if (cells.level[i] == 0) continue;
      EXPECT_EQ((cells.color[i] & kCellDim) == 0, bright[i]) << "column " << i;
      some += bright[i];
    }
    EXPECT_GT(some, 0);
  }
  TracePtr trace;
  HitMapPtr map;
  std::vector<TimeNs> hits;
};

TEST(Searched, bucketsWithAHitStayBright) {
  const SearchedLane lane(8);
  const int shift = read_shape(*lane.trace, 0).finestShift(0);
  CellAccumulator accumulator;
  LaneCells cells;
  const ClassTable classes;
  for (const int extra : {0, 2, 4}) {
    const TimeNs column = TimeNs{1} << (shift + extra);
    const PixelMap pixels({column * 20, column * 320}, 300);
    const auto tile = read_tile(*lane.trace, 0, 0, shift + extra, 0);
    rasterise_buckets({tile}, pixels, {classes, lane.map.get(), 0, 0}, accumulator, cells);
    lane.expectBrightHits(cells, pixels);
    rasterise_buckets({tile}, pixels, classes, accumulator, cells);
    for (const CellColor color : cells.color) EXPECT_EQ(color & kCellDim, 0);
  }
}

TEST(Searched, spansThatAreSkippedInADenseColumnStayBright) {
  const SearchedLane lane(9);
  CellAccumulator accumulator;
  LaneCells cells;
  const ClassTable classes;
  for (const int width : {500, 1000}) {  // 60 and 30 spans a column
    const PixelMap pixels({0, 50 * 30'000}, width);
    rasterise_spans(all_chunks(*lane.trace), 0, pixels, {classes, lane.map.get(), 0, 0}, 0,
                    accumulator, cells);
    lane.expectBrightHits(cells, pixels);
  }
}

TEST(Buckets, ofALaterWindowStartAtItsFirstColumn) {
  const Lane lane = make_lane(20000, 60, 40, 6);
  const int shift = read_shape(*lane.trace, 0).finestShift(0);
  const TimeNs column = TimeNs{1} << shift;
  const PixelMap map({column * 700, column * 900}, 200);
  const auto tile = read_tile(*lane.trace, 0, 0, shift, 0);
  CellAccumulator accumulator;
  LaneCells cells;
  const ClassTable classes;
  rasterise_buckets({tile}, map, classes, accumulator, cells);
  const auto plain = plain_picture(lane.spans, map, classes);
  for (std::size_t i = 0; i < plain.size(); ++i) expect_level(cells.level[i], plain[i], i);
}

TEST(Buckets, tilesMeetWithoutGapOrOverlap) {
  for (const int shift : {0, 3, 20, 50, 62}) {
    const std::int64_t last = std::numeric_limits<TimeNs>::max() >> tile_shift(shift);
    EXPECT_EQ(tile_range(shift, 0).begin, 0);
    EXPECT_EQ(tile_range(shift, last).end, std::numeric_limits<TimeNs>::max());
    if (last > 0) {
      EXPECT_EQ(tile_range(shift, 0).end, tile_range(shift, 1).begin);
    }
  }
}

TEST(Buckets, shiftIsTheLargestThatFitsAPixel) {
  EXPECT_EQ(shift_for(0.3), 0);
  EXPECT_EQ(shift_for(1.99), 0);
  EXPECT_EQ(shift_for(2), 1);
  EXPECT_EQ(shift_for(1023), 9);
  EXPECT_EQ(shift_for(1024), 10);
  EXPECT_EQ(shift_for(1e300), 62);
}

TEST(Stretched, cellsKeepTheirTimes) {
  LaneCells old;
  old.level.assign(100, 0);
  old.color.assign(100, 2);
  for (std::size_t i = 40; i < 60; ++i) old.level[i] = kFullLevel;
  const PixelMap before({0, 1000}, 100), after({400, 600}, 100);
  LaneCells cells;
  stretch_cells(old, before, after, cells);
  for (const auto level : cells.level) EXPECT_EQ(level, kFullLevel);
  stretch_cells(old, before, PixelMap({-1000, 1000}, 100), cells);
  EXPECT_EQ(cells.level[50], 0);
  EXPECT_EQ(cells.level[75], kFullLevel);
  EXPECT_EQ(cells.level[10], 0);
}

TEST(SpanQuery, findsWhatCoversTheTimeElseTheNearest) {
  const TracePtr trace = test::make_trace({{"a", 0, 100}, {"b", 110, 5}, {"c", 200, 100}});
  const auto chunks = all_chunks(*trace);
  const auto name = [&](TimeNs time, TimeNs tolerance) -> std::string {
    const auto found = span_at(chunks, 0, 0, time, tolerance);
    return found ? std::string(trace->strings()[found->span.name]) : "";
  };
  EXPECT_EQ(name(50, 0), "a");
  EXPECT_EQ(name(100, 2), "a");  // just behind its end
  EXPECT_EQ(name(107, 20), "b");
  EXPECT_EQ(name(250, 200), "c");
  EXPECT_EQ(name(160, 10), "");
}

TEST(SpanQuery, edgesOfSpansAreFoundOnBothSides) {
  const TracePtr trace = test::make_trace({{"a", 0, 100}, {"b", 110, 90}});
  const auto chunks = all_chunks(*trace);
  EXPECT_EQ(nearest_edge(chunks, 0, 103, 10), 100);
  EXPECT_EQ(nearest_edge(chunks, 0, 107, 10), 110);
  EXPECT_EQ(nearest_edge(chunks, 0, 150, 10), std::nullopt);
}

}  // namespace
}  // namespace moescope
