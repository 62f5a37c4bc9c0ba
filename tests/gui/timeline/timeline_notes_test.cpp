// Flags of notes on the timeline.
#include <gmock/gmock.h>

#include "tests/gui/timeline/timeline_fixture.h"
#include "views/workspace/documents/notes_model.h"

namespace moescope {
namespace {

using testing::HasSubstr;

struct TimelineNotes : testing::Test, test::TimelineWindow {
  void SetUp() override { open(test::make_ranks(2, 10)); }
  QPointF flagAt(TimeNs time) { return {scene().map().x(time) + 3, -9}; }
};

TEST_F(TimelineNotes, haveAFlagWithTheirText) {
  const QImage before = picture();
  document.notes().add({.time = 5000, .text = "slow <expert>"});
  EXPECT_NE(picture(), before);
  const std::string text = canvas().overlay().noteAt(flagAt(5000)).toStdString();
  EXPECT_THAT(text, HasSubstr("slow &lt;expert&gt;"));
  EXPECT_THAT(text, HasSubstr("5,000 ns"));
  EXPECT_EQ(canvas().overlay().noteAt(flagAt(7000)), "");
  EXPECT_EQ(canvas().overlay().noteAt(flagAt(5000) + QPointF(0, 60)), "");
}

TEST_F(TimelineNotes, theirTextStandsBesideTheFlagWhereThereIsRoom) {
  const auto beside = [this](TimeNs time) {
    const QPoint flag =
        (QPointF(canvas().lanesRect().topLeft()) + QPointF(scene().map().x(time), 0)).toPoint();
    return picture().copy(flag.x() + 6, flag.y() + 4, 60, 20);
  };
  document.notes().add({.time = 5000, .text = "a"});
  const QImage one = beside(5000);
  document.notes().remove(0);
  document.notes().add({.time = 5000, .text = "first requests"});
  EXPECT_NE(beside(5000), one) << "another text, another picture";
  const QImage whole = beside(5000);
  document.notes().add(
      {.time = 5000 + static_cast<TimeNs>(20 * scene().map().nsPerPixel()), .text = "y"});
  EXPECT_NE(beside(5000), whole) << "no room before the next note";
}

TEST_F(TimelineNotes, takenBackLeaveNothing) {
  const QImage before = picture();
  const int row = document.notes().add({.time = 5000, .text = "x"});
  document.notes().remove(row);
  EXPECT_EQ(picture(), before);
}

TEST_F(TimelineNotes, outsideTheRangeAreNotShown) {
  document.notes().add({.time = 5000, .text = "x"});
  selection.setRange({6000, 7000});
  settle();
  EXPECT_EQ(canvas().overlay().noteAt(flagAt(5000)), "");
  EXPECT_EQ(canvas().overlay().noteAt({3, -9}), "");
}

TEST_F(TimelineNotes, ofOneRowMarkIt) {
  selection.setCursor({});
  const QColor before = picture().pixelColor(at(4950, 0));
  document.notes().add({.time = 4950, .track = 0, .text = "x"});
  EXPECT_NE(picture().pixelColor(at(4950, 0)), before);
}

}  // namespace
}  // namespace moescope
