// A picture that was moved sideways is the picture that is drawn there at once, pixel by pixel.
#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "tests/gui/timeline/timeline_fixture.h"
#include "views/timeline/lanes/lane_picture.h"
#include "views/timeline/lanes/lane_raster.h"
#include "views/timeline/overview_strip.h"
#include "views/timeline/row_header.h"
#include "views/workspace/documents/notes_model.h"

namespace moescope {
namespace {

/// Streams with all that lanes show: dense stretches, wide spans with names, waiting, nested and
/// empty spans, gaps.
TracePtr make_busy_trace(int spans) {
  const char* names[] = {"flash_attn_fwd", "deep_gemm::m_grouped_gemm", "deep_ep::dispatch",
                         "deep_ep::internode::notify_dispatch", "deep_ep::combine"};
  std::mt19937 random(7);
  const auto below = [&](TimeNs end) {
    return std::uniform_int_distribution<TimeNs>(0, end)(random);
  };
  std::vector<test::MadeSpan> made;
  for (const int stream : {7, 20, 23}) {
    TimeNs at = 0;
    for (int i = 0; i < spans; ++i) {
      const bool dense = (i / 200) % 2 == 0;
      at += below(dense ? 40 : 9'000);
      const TimeNs duration = i % 50 == 0 ? 0 : below(dense ? 90 : 20'000);
      made.push_back({names[below(4)], at, duration, stream, SpanKind::Kernel});
      at += duration;
    }
  }
  return test::make_trace(made);
}

struct PanCase {
  const char* name;
  double dpr;
  double zoom;  ///< part of the trace that is shown
  int lane_height;
};
void PrintTo(const PanCase& c, std::ostream* out) {
  *out << c.name;
}

class PannedPicture : public testing::TestWithParam<PanCase> {
 protected:
  static constexpr QSize kSize{611, 230};

  void SetUp() override {
    window_.open(make_busy_trace(6000));
    window_.scene().rows().setPinned(window_.scene().layout().placed().back().row->key, true);
  }
  LaneCanvas canvas(TimeRange range) const {
    return {range, kSize, GetParam().dpr, Theme::light(), time_ticks(range, kSize.width(), 90)};
  }
  const QImage& draw(LaneRenderer& renderer, LanePicture& picture, TimeRange range) {
    layout_.update(window_.scene().rows(), GetParam().lane_height, kSize.height(), 5);
    renderer.prepare({window_.scene().source(), layout_, window_.scene().looks()}, canvas(range),
                     kMinLabelColumns);
    EXPECT_TRUE(renderer.complete());
    return picture.update(renderer, labels_);
  }

  test::TimelineWindow window_;
  RowLayout layout_;
  LabelCache labels_;
};

TEST_P(PannedPicture, isWhatIsDrawnThereAtOnce) {
  const TimeRange full = window_.selection.full();
  const auto length = std::max<TimeNs>(
      50, static_cast<TimeNs>(static_cast<double>(full.length()) * GetParam().zoom));
  std::mt19937 random(3);
  // Short and long steps to both sides, by any number of nanoseconds; the last beyond the picture.
  const double steps[] = {0.002, 0.01, 0.2, 0.7, 1.4};
  TimeNs begin = full.begin + full.length() / 2;
  LaneRenderer renderer;
  LanePicture picture;
  draw(renderer, picture, {begin, begin + length});
  for (int i = 0; i < 40; ++i) {
    const double far = steps[i % 5] * static_cast<double>(length);
    begin += static_cast<TimeNs>(std::uniform_real_distribution<double>(-far, far)(random));
    begin = std::clamp(begin, full.begin, full.end - length);
    const TimeRange range{begin, begin + length};
    LaneRenderer fresh_renderer;
    LanePicture fresh_picture;
    const QImage moved = draw(renderer, picture, range).copy();
    const QImage fresh = draw(fresh_renderer, fresh_picture, range).copy();
    ASSERT_EQ(moved, fresh) << "step " << i << ", from " << begin;
  }
}

INSTANTIATE_TEST_SUITE_P(Timeline, PannedPicture,
                         testing::Values(PanCase{"summaries", 1, 0.7, 18},
                                         PanCase{"spans", 1, 0.05, 18},
                                         PanCase{"few wide spans", 1, 0.0004, 26},
                                         PanCase{"names taller than their lanes", 1, 0.002, 13},
                                         PanCase{"many columns a nanosecond", 1, 1e-9, 18},
                                         PanCase{"lanes of three lines", 1, 0.01, 4},
                                         PanCase{"summaries at ratio 2", 2, 0.7, 18},
                                         PanCase{"spans at ratio 2", 2, 0.05, 26},
                                         PanCase{"few wide spans at ratio 2", 2, 0.0004, 18},
                                         PanCase{"spans at ratio 1.5", 1.5, 0.02, 18}));

TEST(PannedPicture, moveByWholeColumnsOfOneGrid) {
  const PixelMap at = PixelMap::on_grid({1'000'003, 2'000'003}, 777);
  const PixelMap later = PixelMap::on_grid({1'200'007, 2'200'007}, 777);
  const auto by = later.columnsFrom(at);
  ASSERT_TRUE(by.has_value());
  EXPECT_NEAR(static_cast<double>(*by), 200'004 / 1e6 * 777, 1);
  for (const TimeNs time : {0, 999, 1'234'567, 1'999'999, 5'000'000})
    EXPECT_EQ(at.x(time) - later.x(time), static_cast<double>(*by)) << time;
  EXPECT_LE(std::abs(at.x(1'000'003)), 0.5);
  EXPECT_FALSE(later.columnsFrom(PixelMap::on_grid({0, 900'000}, 777)).has_value());
  EXPECT_FALSE(PixelMap({0, 10}, 5).columnsFrom(PixelMap({1, 11}, 5)).has_value());
}

TEST(PannedPicture, logicalPixelsLieOnTheGridOfDevicePixels) {
  const TimeRange range{123'457, 1'123'459};
  const PixelMap device = PixelMap::on_grid(range, 1000),
                 logical = PixelMap::on_grid(range, 500, 2);
  for (TimeNs time = range.begin; time < range.end; time += 7919)
    EXPECT_NEAR(logical.x(time) * 2, device.x(time), 1e-9);
}

/// What a user sees after panning against a window that went there in one step.
struct Panning : testing::Test, test::TimelineWindow {
  void SetUp() override { decorate(*this); }

  static void decorate(test::TimelineWindow& window) {
    window.open(make_busy_trace(3000));
    window.scene().setLaneHeight(24);
    const auto placed = window.scene().layout().placed();
    window.scene().rows().setPinned(placed.back().row->key, true);
    window.scene().rows().hide({RowKind::Track, 0, 0, 1});
    const TimeNs middle = window.selection.full().length() / 2;
    window.document.notes().add({.time = middle, .text = "here"});
    window.selection.selectSpan({0, 1500});
    window.selection.setArea(AreaSelection{{middle, middle + 90'000}, {0}});
    window.selection.setRange({middle - 300'000, middle + 500'000});
    window.settle();
  }
  void expectTheSameAtOnce() {
    test::TimelineWindow fresh;
    decorate(fresh);
    fresh.selection.setRange({0, 1000});
    fresh.settle();
    fresh.selection.setRange(selection.range());
    fresh.scene().setScroll(scene().layout().scroll());
    fresh.settle();
    fresh.selection.setCursor(selection.cursor());
    fresh.selection.setHovered(selection.hovered());
    EXPECT_EQ(picture(), fresh.picture());
  }
};

/// Counts how often a widget is painted.
class PaintCounter : public QObject {
 public:
  explicit PaintCounter(QWidget& widget) { widget.installEventFilter(this); }
  bool eventFilter(QObject*, QEvent* event) override {
    if (event->type() == QEvent::Paint) ++count;
    return false;
  }
  int count = 0;
};

TEST_F(Panning, paintsAgainOnlyWhatMoved) {
  const TimeRange full = selection.full();
  const TimeNs middle = full.begin + full.length() / 2;
  selection.setRange({middle, middle + full.length() / 20'000});
  settle();
  auto* header = view->findChild<RowHeader*>();
  auto* overview = view->findChild<OverviewStrip*>();
  ASSERT_TRUE(test::wait_for([&] { return !overview->busy(); }));
  QCoreApplication::processEvents();
  PaintCounter names(*header), strip(*overview), lanes(canvas());
  selection.pan(0.2);
  settle();
  EXPECT_GT(lanes.count, 0);
  EXPECT_EQ(names.count, 0) << "names do not depend on the time";
  EXPECT_EQ(strip.count, 0) << "the window moved by less than a pixel of the whole trace";
  selection.setRange(full);
  settle();
  EXPECT_GT(strip.count, 0);
  names.count = 0;  // the axis may have another unit now
  scene().setLaneHeight(12);
  settle();
  EXPECT_GT(names.count, 0);
}

TEST_F(Panning, byKeysShowsWhatIsThere) {
  for (const Qt::Key pressed : {Qt::Key_D, Qt::Key_D, Qt::Key_A, Qt::Key_D, Qt::Key_D}) {
    key(pressed);
    picture();
  }
  expectTheSameAtOnce();
}

TEST_F(Panning, byDraggingShowsWhatIsThere) {
  const QPoint from = at(selection.full().length() / 2, 0);
  QTest::mousePress(&canvas(), Qt::MiddleButton, {}, from);
  for (const int dx : {3, 40, 41, -160, -7, 95}) {
    moveTo(from + QPoint(dx, 0), Qt::MiddleButton);
    picture();
  }
  QTest::mouseRelease(&canvas(), Qt::MiddleButton, {}, from + QPoint(95, 0));
  expectTheSameAtOnce();
}

TEST_F(Panning, aDraggedPictureFollowsThePointer) {
  const QPoint from = at(selection.full().length() / 2, 0);
  const QImage before = canvas().lanes().picture().copy();
  const auto dpr = static_cast<int>(canvas().devicePixelRatioF());
  drag(from, from + QPoint(30, 0), {}, Qt::MiddleButton);
  picture();
  const auto& placed = scene().layout().placed();
  const auto ribbon = std::find_if(placed.begin(), placed.end(), [](const PlacedRow& row) {
    return row.row->key.kind == RowKind::Ribbon;
  });
  ASSERT_NE(ribbon, placed.end());
  const int y = (ribbon->y + ribbon->height / 2) * dpr;
  const QImage& moved = canvas().lanes().picture();
  int differing = 0;
  for (int x = 0; x < before.width() - 30 * dpr; ++x)
    if (before.pixel(x, y) != moved.pixel(x + 30 * dpr, y)) ++differing;
  EXPECT_EQ(differing, 0);
}

TEST_F(Panning, whatArrivesFromAFileOnTheWayIsDrawn) {
  const TracePtr trace = make_busy_trace(30'000);
  openFile(*trace);
  const TimeRange full = selection.full();
  selection.setRange({full.begin, full.begin + full.length() / 300});
  settle();
  for (int i = 0; i < 30; ++i) {
    selection.pan(i % 4 == 0 ? 0.9 : 0.3);
    canvas().replot(QCustomPlot::rpImmediateRefresh);  // before the pieces are there
    if (i % 3 == 0) QCoreApplication::processEvents();
  }
  settle();
  const QImage moved = picture();
  canvas().lanes().renderer().invalidate(true);
  EXPECT_EQ(moved, picture());
}

}  // namespace
}  // namespace moescope
