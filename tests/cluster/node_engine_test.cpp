// Which of a node's reports count as measured.
#include "core/cluster/effect/node_engine.h"

#include <gtest/gtest.h>

namespace moescope {
namespace {

constexpr TimeNs kSecond = 1'000'000'000;

NodeStatus with_imbalance(std::vector<double> prefill, std::vector<double> decode) {
  NodeStatus status;
  status.units.resize(2);
  status.units[0].imbalance = std::move(prefill);
  status.units[1].imbalance = std::move(decode);
  return status;
}

TEST(NodeEngine, ImbalanceIsTheMeanOverLayersOfBothUnits) {
  EXPECT_EQ(mean_imbalance(with_imbalance({}, {})), std::nullopt);
  EXPECT_DOUBLE_EQ(*mean_imbalance(with_imbalance({1, 2}, {3, 6})), 3);
  EXPECT_DOUBLE_EQ(*mean_imbalance(with_imbalance({}, {1.5})), 1.5);
}

TEST(NodeEngine, APredictionKnowsCoresAndWorkersOfTheNode) {
  NodeStatus status = with_imbalance({2}, {2});
  status.cores = 12;
  status.overlap = false;
  status.units[1].granted = {4, 1};
  const RunningEngine engine = running_engine(status);
  EXPECT_EQ(engine.cores, 12);
  EXPECT_EQ(engine.workers, 4);
  EXPECT_EQ(engine.comm_workers, 1);
  EXPECT_FALSE(engine.overlap);
}

TEST(NodeEngine, TheMeterKeepsTheLastEightWindows) {
  ImbalanceMeter meter;
  EXPECT_EQ(meter.mean(), std::nullopt);
  for (int window = 1; window <= 10; ++window)
    for (int asked = 0; asked < 5; ++asked) meter.add(window);
  meter.add(std::nullopt);
  EXPECT_DOUBLE_EQ(*meter.mean(), 6.5) << "3 to 10, each once";
}

TEST(SettledImbalance, CountsEachWindowOnceThatIsReportedAfterTheSettlingTime) {
  SettledImbalance settled(2 * kSecond, 4 * kSecond);
  // A new value every second, asked for five times as often.
  for (int tick = 0; tick < 50; ++tick)
    settled.add(tick * kSecond / 5, 1 + static_cast<double>(tick / 5));
  // Reported from 3 s to 6 s; 2 s and 7 s are outside.
  EXPECT_DOUBLE_EQ(*settled.mean(), (4 + 5 + 6 + 7) / 4.0);
}

TEST(SettledImbalance, TheWindowThatEndsTheSettlingTimeDoesNotCount) {
  SettledImbalance settled(2 * kSecond, 4 * kSecond);
  settled.add(kSecond * 19 / 10, 9.0);
  settled.add(kSecond * 21 / 10, 9.0);  // the same window still
  EXPECT_EQ(settled.mean(), std::nullopt);
  settled.add(kSecond * 29 / 10, 1.5);
  EXPECT_DOUBLE_EQ(*settled.mean(), 1.5);
}

TEST(SettledImbalance, TheEndOfTheTimeCountsAndNothingBehindIt) {
  SettledImbalance settled(2 * kSecond, 4 * kSecond);
  settled.add(2 * kSecond, 8.0);
  settled.add(6 * kSecond, 1.25);
  settled.add(6 * kSecond + 1, 8.0);
  EXPECT_DOUBLE_EQ(*settled.mean(), 1.25);
}

TEST(SettledImbalance, WithoutAWindowNothingIsMeasured) {
  SettledImbalance settled;
  settled.add(kEffectSettle + kSecond, std::nullopt);
  EXPECT_EQ(settled.mean(), std::nullopt);
}

}  // namespace
}  // namespace moescope
