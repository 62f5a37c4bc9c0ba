// Predicted beside measured of a change of plan, from a source made up in memory: no node, no Qt.
#include "core/cluster/effect/effect_meter.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/trace/sink.h"

namespace moescope {
namespace {

constexpr TimeNs kSecond = 1'000'000'000, kStep = 10'000'000;
constexpr int kTokens = 100;

/// Serves decode steps one after the other, and reports the imbalance of whole seconds.
class FakeSource {
 public:
  FakeSource() {
    const auto process = builder_.add_process({.label = "rank 0", .rank = 0});
    builder_.add_device({.process = process, .index = 0, .name = "CPU workers", .sm_count = 1});
    track_ = builder_.add_track({process, TrackType::DeviceStream, 0, 0, "compute"});
  }

  /// As every client of a node: asks several times per second.
  template <typename Look>
  void serve(double seconds, Look look) {
    constexpr TimeNs kLook = 200'000'000;
    const TimeNs end = now_ + static_cast<TimeNs>(seconds * 1e9);
    for (TimeNs next = now_ + kLook; now_ < end; next += kLook) {
      while (now_ < next) step();
      look();
    }
  }
  LiveSnapshotPtr snapshot() const {
    auto snapshot = std::make_shared<LiveSnapshot>();
    snapshot->trace = builder_.snapshot();
    snapshot->steps = steps_;
    return snapshot;
  }
  NodeStatus status() const {
    NodeStatus status;
    status.units.resize(2);
    status.units[0].imbalance = {imbalance_};
    return status;
  }
  TimeNs now() const { return now_; }

  TimeNs length = kStep;         ///< of a step
  int network_bytes = 3000;      ///< of a step, half of them in its last moment
  double level = 2;              ///< imbalance of the windows to come
  const char* name = "combine";  ///< of the spans that send

 private:
  void step() {
    const TimeNs begin = now_;
    now_ += length;
    SpanBatch batch;
    for (const TimeNs at : {begin, now_ - 1000})
      batch.add({at, 500, builder_.strings().intern(name), 0, 0, SpanKind::Kernel, 0},
                fmt::format(R"({{"phase":"decode","nvlink_bytes":{},"ib_bytes":{}}})",
                            network_bytes, network_bytes / 2));
    builder_.append(track_, std::move(batch));
    steps_.push_back({true, number_++, begin, now_, 10, kTokens});
    steps_.push_back({false, number_, begin, now_, 1, 7});  // prefill: not looked at
    if (now_ / kSecond == begin / kSecond) return;
    windows_ += 1e-9;  // no two windows are quite alike
    imbalance_ = level + windows_;
  }

  TraceBuilder builder_;
  TrackId track_ = 0;
  std::vector<ServedStep> steps_;
  std::uint32_t number_ = 0;
  TimeNs now_ = 0;
  double imbalance_ = 2, windows_ = 0;
};

class EffectMeterTest : public testing::Test {
 protected:
  void feed() {
    const NodeStatus status = source.status();
    meter.feed(&status, source.snapshot());
  }
  void work() {
    while (const auto due = meter.next_work()) {
      meter.finish(due->run(progress));
      ++pieces;
    }
  }
  void watch(double seconds) {
    source.serve(seconds, [this] {
      feed();
      work();
    });
  }
  void begin() {
    meter.begin({}, {});
    work();
  }

  FakeSource source;
  EffectMeter meter;
  Progress progress;
  int pieces = 0;
};

TEST_F(EffectMeterTest, FiguresOfBeforeAndAfterStandBesideEachOther) {
  watch(12);
  begin();
  ASSERT_NE(meter.effect(), nullptr);
  EXPECT_NEAR(*meter.effect()->imbalance.before, 2, 1e-6);
  EXPECT_DOUBLE_EQ(*meter.effect()->decode_step.before, kStep);
  EXPECT_DOUBLE_EQ(*meter.effect()->node_traffic.before, 30);
  EXPECT_DOUBLE_EQ(*meter.effect()->rank_traffic.before, 60);
  EXPECT_EQ(meter.effect()->imbalance.measured, std::nullopt);
  EXPECT_TRUE(meter.effects().empty()) << "it is not in force";

  source.length = kStep / 2;
  source.network_bytes = 1000;
  source.level = 1.25;
  meter.in_force(7);
  EXPECT_FALSE(meter.complete());
  watch(12);
  EXPECT_TRUE(meter.complete());
  EXPECT_NEAR(*meter.effect()->imbalance.measured, 1.25, 1e-6) << "windows of before do not count";
  EXPECT_DOUBLE_EQ(*meter.effect()->decode_step.measured, kStep / 2);
  EXPECT_DOUBLE_EQ(*meter.effect()->node_traffic.measured, 10);
  EXPECT_DOUBLE_EQ(*meter.effect()->rank_traffic.measured, 20);
  ASSERT_EQ(meter.effects().size(), 1U);
  EXPECT_EQ(meter.effects().at(7), *meter.effect());
}

TEST_F(EffectMeterTest, WhatComesAfterTheWindowChangesNothing) {
  watch(3);
  begin();
  meter.in_force(1);
  watch(12);
  const PlanEffect measured = *meter.effect();
  const int worked = pieces;
  source.length = 3 * kStep;
  source.network_bytes = 9000;
  source.level = 9;
  watch(10);
  EXPECT_EQ(*meter.effect(), measured);
  EXPECT_EQ(pieces, worked);
}

TEST_F(EffectMeterTest, TheWindowIsAsLongAsItsOwnerWants) {
  meter = EffectMeter(20 * kSecond);
  watch(3);
  begin();
  meter.in_force(1);
  watch(12);
  EXPECT_FALSE(meter.complete());
  source.length = 3 * kStep;
  watch(12);
  EXPECT_TRUE(meter.complete());
  EXPECT_GT(*meter.effect()->decode_step.measured, kStep);
}

TEST_F(EffectMeterTest, PiecesOfTrafficAddUpToTheWhole) {
  watch(3);
  begin();
  const TimeNs since = source.now();
  meter.in_force(1);
  pieces = 0;
  for (int second = 0; second < 12; ++second) {
    source.length = kStep + second * 700'000;
    source.network_bytes = 1000 + 500 * second;
    watch(1);
  }
  EXPECT_GE(pieces, 4) << "reported while it goes on";
  const auto recorded = source.snapshot();
  const Classification classes(*recorded->trace, RuleSet::built_in());
  const TimeRange range{since, since + kEffectSettle + kEffectWindow};
  const auto whole = decode_traffic(*recorded->trace, classes, recorded->steps, {range}).front();
  ASSERT_TRUE(whole);
  EXPECT_NEAR(*meter.effect()->node_traffic.measured, whole->between_nodes, 1e-9);
  EXPECT_NEAR(*meter.effect()->rank_traffic.measured, whole->inside_nodes, 1e-9);
  EXPECT_NEAR(*meter.effect()->decode_step.measured, *mean_decode_step(recorded->steps, range),
              1e-3);
}

TEST_F(EffectMeterTest, APredictionThatIsLateKeepsWhatWasMeasured) {
  watch(3);
  meter.begin({}, {});
  const auto forecast = meter.next_work();
  ASSERT_TRUE(forecast);
  meter.in_force(1);
  source.length = kStep / 2;
  watch(4);
  const auto measured = meter.effect()->decode_step.measured;
  ASSERT_TRUE(measured);
  EXPECT_EQ(meter.effect()->decode_step.before, std::nullopt);
  meter.finish(forecast->run(progress));
  EXPECT_DOUBLE_EQ(*meter.effect()->decode_step.before, kStep);
  EXPECT_EQ(meter.effect()->decode_step.measured, measured);
  EXPECT_EQ(meter.effects().at(1), *meter.effect());
}

TEST_F(EffectMeterTest, WorkOfAChangeThatWasDroppedIsNotTakenForTheNext) {
  watch(3);
  meter.begin({}, {});
  const auto late = meter.next_work();
  ASSERT_TRUE(late);
  meter.drop();
  EXPECT_EQ(meter.effect(), nullptr);
  EXPECT_FALSE(meter.next_work());
  meter.finish(late->run(progress));
  EXPECT_EQ(meter.effect(), nullptr);
  meter.begin({}, {});
  meter.finish(late->run(progress));
  EXPECT_EQ(meter.effect()->decode_step.before, std::nullopt);
  meter.drop();
  meter.in_force(5);
  EXPECT_TRUE(meter.effects().empty()) << "nothing was begun";
}

TEST_F(EffectMeterTest, WithoutARecordOfBeforeTimeBeginsWithTheFirst) {
  feed();  // a load dump: no spans
  begin();
  EXPECT_EQ(meter.effect()->decode_step.before, std::nullopt);
  meter.in_force(1);
  EXPECT_FALSE(meter.complete());
  feed();
  EXPECT_EQ(meter.effect()->decode_step.measured, std::nullopt);
  watch(12);
  EXPECT_TRUE(meter.complete());
  EXPECT_DOUBLE_EQ(*meter.effect()->decode_step.measured, kStep);
}

TEST_F(EffectMeterTest, ANodeThatReportsNothingHasNoImbalance) {
  source.serve(3, [this] { meter.feed(nullptr, source.snapshot()); });
  begin();
  meter.in_force(1);
  source.serve(12, [this] {
    meter.feed(nullptr, source.snapshot());
    work();
  });
  EXPECT_TRUE(meter.complete());
  EXPECT_EQ(meter.effect()->imbalance.before, std::nullopt);
  EXPECT_EQ(meter.effect()->imbalance.measured, std::nullopt);
  EXPECT_TRUE(meter.effect()->decode_step.measured);
}

TEST_F(EffectMeterTest, RulesSayWhichSpansSend) {
  source.name = "our own all-to-all";
  watch(3);
  begin();
  EXPECT_EQ(meter.effect()->node_traffic.before, std::nullopt);
  RuleSet rules = RuleSet::built_in();
  rules.rules.insert(rules.rules.begin(), {SpanClass::Dispatch, "our own", false, ""});
  meter.begin({}, {}, rules);
  work();
  EXPECT_DOUBLE_EQ(*meter.effect()->node_traffic.before, 30);
  meter.in_force(1);
  watch(12);
  EXPECT_DOUBLE_EQ(*meter.effect()->node_traffic.measured, 30);
}

TEST_F(EffectMeterTest, ChangesOfAnotherNodeAreForgotten) {
  watch(3);
  begin();
  meter.in_force(1);
  watch(3);
  begin();
  meter.in_force(2);
  EXPECT_EQ(meter.effects().size(), 2U) << "each change has its own figures";
  meter.forget();
  EXPECT_TRUE(meter.effects().empty());
  EXPECT_EQ(meter.effect(), nullptr);
}

}  // namespace
}  // namespace moescope
