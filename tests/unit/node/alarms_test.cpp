// Alarms of a running node: when they are raised, when they end.
#include "core/node/alarms.h"

#include <gtest/gtest.h>

namespace moescope {
namespace {

AlarmReading reading(double time, double imbalance) {
  AlarmReading made;
  made.time = time;
  made.imbalance = imbalance;
  return made;
}

TEST(Alarms, AreRaisedByTwoReadingsInARowAndEndWithTwoWithin) {
  AlarmWatch watch;
  EXPECT_TRUE(watch.update(reading(1, 1.8)).empty()) << "one odd window";
  EXPECT_TRUE(watch.update(reading(2, 1.2)).empty());
  watch.update(reading(3, 1.7));
  const auto raised = watch.update(reading(4, 1.9));
  ASSERT_EQ(raised.size(), 1U);
  EXPECT_EQ(raised[0].kind, AlarmKind::Imbalance);
  EXPECT_EQ(describe(raised[0]), "imbalance 1.90, over the limit of 1.50, since 4 s");
  EXPECT_TRUE(watch.update(reading(5, 2.4)).empty()) << "still the same";
  EXPECT_EQ(watch.log()[0].worst, 2.4);
  watch.update(reading(6, 1.49));
  watch.update(reading(7, 1.49));
  EXPECT_EQ(watch.open(), 1U) << "at the limit it does not flicker";
  watch.update(reading(8, 1.2));
  watch.update(reading(9, 1.2));
  EXPECT_EQ(watch.open(), 0U);
  EXPECT_EQ(watch.log()[0].cleared, 9);
}

TEST(Alarms, DropsAndHungRanksAreBelievedAtOnce) {
  AlarmWatch watch;
  AlarmReading now = reading(1, 1);
  now.dropped = 100;
  EXPECT_TRUE(watch.update(now).empty()) << "before it was watched";
  now.time = 2;
  now.dropped = 130;
  now.hung_ranks = 1;
  const auto raised = watch.update(now);
  ASSERT_EQ(raised.size(), 2U);
  EXPECT_EQ(raised[0].kind, AlarmKind::Drops);
  EXPECT_EQ(raised[0].worst, 30);
  EXPECT_EQ(raised[1].kind, AlarmKind::HungRanks);
}

TEST(Alarms, WhatIsNotKnownOrNotWatchedRaisesNone) {
  AlarmLimits limits;
  limits.of(AlarmKind::Imbalance) = std::nullopt;
  AlarmWatch watch(limits);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(watch.update(reading(i, 9)).empty());
  AlarmWatch other;
  other.update(reading(1, 9));
  other.update(reading(2, 9));
  EXPECT_EQ(other.open(), 1U);
  other.set_limits(limits);
  other.update(reading(3, 9));
  EXPECT_EQ(other.open(), 0U);
}

TEST(Alarms, AnotherRunStartsOver) {
  AlarmWatch watch;
  watch.update(reading(100, 9));
  watch.update(reading(101, 9));
  EXPECT_EQ(watch.open(), 1U);
  watch.update(reading(1, 9));
  EXPECT_EQ(watch.open(), 0U);
  EXPECT_EQ(watch.log()[0].cleared, 101);
}

}  // namespace
}  // namespace moescope
