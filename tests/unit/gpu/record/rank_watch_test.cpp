// Ranks that hang are distinguished from ranks that wait and from ranks that get no processor.
#include "gpu/engine/rank_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <thread>

#include "gpu/base/thread_state.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/engine.h"
#include "tests/unit/gpu/serving_support.h"

namespace moescope::runtime {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// A stream with one thread, number 1, and a worker, number 2, on a clock of the test's.
class Watched : public ::testing::Test {
 protected:
  /// `seconds` pass, looked at four times in each.
  std::optional<StreamWatch::Finding> pass(double seconds) {
    std::optional<StreamWatch::Finding> finding;
    for (int i = 0; i < static_cast<int>(seconds * 4); ++i) {
      now_ += kSecond / 4;
      for (auto& [thread, rate] : rates_) threads_[thread].processor += rate / 4;
      finding = watch_.look(now_);
    }
    return finding;
  }

  Activity activity_;
  std::map<std::int64_t, ThreadState> threads_ = {{1, {}}, {2, {}}};
  std::map<std::int64_t, double> rates_;  ///< processors that a thread gets
  std::int64_t now_ = 100 * kSecond;
  StreamWatch watch_{activity_,
                     [] {
                       return std::vector<std::int64_t>{1, 2};
                     },
                     [this](std::int64_t thread) { return std::optional(threads_.at(thread)); }};
};

TEST_F(Watched, AStreamBetweenStepsNeverHangs) {
  EXPECT_FALSE(pass(100));
}

TEST_F(Watched, AStreamThatSleepsInsideAPartIsBlockedWithinFiveSeconds) {
  pass(1);
  const InsidePart inside(activity_);
  EXPECT_FALSE(pass(2));
  const auto finding = pass(2);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->reason, HangReason::Blocked);
  EXPECT_NEAR(static_cast<double>(finding->since), 101e9, 0.5e9);
}

TEST_F(Watched, ItIsNoLongerReportedWhenItGoesOn) {
  {
    const InsidePart inside(activity_);
    EXPECT_TRUE(pass(6));
  }
  EXPECT_FALSE(pass(1));
  const InsidePart next(activity_);
  EXPECT_FALSE(pass(2));
}

TEST_F(Watched, WaitingForOtherRanksIsNoHang) {
  const InsidePart inside(activity_);
  Activity::current = &activity_;
  {
    const WaitsForOthers waits;
    EXPECT_FALSE(pass(60));
  }
  Activity::current = nullptr;
  EXPECT_TRUE(pass(6));
}

TEST_F(Watched, AThreadThatGetsNoProcessorDoesNotHang) {
  const InsidePart inside(activity_);
  threads_[1].state = 'R';
  EXPECT_FALSE(pass(120));
  threads_[1].state = 'D';  // its memory is read back from disk
  EXPECT_FALSE(pass(120));
  threads_[1].state = 'S';  // it waits for its worker, which gets none
  threads_[2].state = 'R';
  EXPECT_FALSE(pass(120));
  threads_[2].state = 'S';
  EXPECT_TRUE(pass(3));
}

TEST_F(Watched, AThreadThatGetsALittleNowAndThenDoesNotHang) {
  const InsidePart inside(activity_);
  rates_[1] = 0.02;
  EXPECT_FALSE(pass(100));
}

TEST_F(Watched, ComputingWithoutEndIsReportedByProcessorTimeAndHistory) {
  for (int i = 0; i < 40; ++i) const InsidePart part(activity_);
  const InsidePart inside(activity_);
  threads_[1].state = 'R';
  rates_[1] = 0.1;  // ten threads share a processor: twenty seconds are two of its time
  EXPECT_FALSE(pass(20));
  rates_[1] = 1;
  const auto finding = pass(3);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->reason, HangReason::Computes);
}

TEST_F(Watched, TheFirstPartsOfALargeModelMayTakeLong) {
  const InsidePart inside(activity_);
  threads_[1].state = 'R';
  rates_[1] = 1;
  EXPECT_FALSE(pass(300));
}

TEST_F(Watched, WhatTookLongBeforeMayTakeLongAgain) {
  for (int i = 0; i < 40; ++i) const InsidePart part(activity_);
  activity_.longest = 2 * kSecond;
  const InsidePart inside(activity_);
  threads_[1].state = 'R';
  rates_[1] = 1;
  EXPECT_FALSE(pass(60));
  EXPECT_TRUE(pass(3));
}

TEST_F(Watched, TimeInWhichNobodyLookedDoesNotCount) {
  const InsidePart inside(activity_);
  pass(1);
  now_ += 600 * kSecond;  // the whole process was stopped
  watch_.forget(now_);
  EXPECT_FALSE(pass(2.5));
  EXPECT_TRUE(pass(1));
}

TEST(GpuThreadState, TheKernelReportsWhetherAThreadRuns) {
  std::atomic<std::int64_t> number{0};
  std::atomic<bool> stop{false};
  std::thread sleeper([&] {
    number = this_thread();
    while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  while (number == 0) std::this_thread::yield();
  const auto own = thread_state(::getpid(), this_thread());
  ASSERT_TRUE(own);
  EXPECT_EQ(own->state, 'R');
  EXPECT_TRUE(thread_state(::getpid(), number));
  stop = true;
  sleeper.join();
  EXPECT_FALSE(thread_state(::getpid(), number));
  EXPECT_FALSE(host_name().empty());
}

/// A rank of an engine that serves does nothing until the test lets it go on.
TEST(GpuVitals, AVirtualRankThatHangsIsNamedUntilItGoesOn) {
  std::atomic<bool> hangs{true};
  EngineOptions options = test::small_options();
  options.faults.step = [&](int rank, std::uint32_t step) {
    while (rank == 5 && step == 2 && hangs)
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
  };
  Engine engine(cpu_backend(), test::served_model(), options, std::nullopt, nullptr);
  Progress progress;
  std::thread serving([&] { engine.run({}, progress); });
  std::vector<NodeHungRank> hung;
  while ((hung = engine.control().status().hung).empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(hung.size(), 1U);
  EXPECT_EQ(hung.front().rank, 5);
  EXPECT_EQ(hung.front().process_id, ::getpid());
  EXPECT_EQ(hung.front().host, host_name());
  EXPECT_EQ(hung.front().reason, HangReason::Blocked);
  EXPECT_GT(hung.front().seconds, 1);
  hangs = false;
  while (!engine.control().status().hung.empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto finished = engine.control().status().finished;
  while (engine.control().status().finished == finished)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  progress.cancel();
  serving.join();
}

}  // namespace
}  // namespace moescope::runtime
