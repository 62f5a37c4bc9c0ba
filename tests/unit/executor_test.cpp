// Jobs, groups and loops on shared threads: bounds, dropping, waiting, failure.
#include "core/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>

#include "core/parallel.h"

namespace moescope {
namespace {

TEST(Executor, RunsEverythingOnAtMostItsThreads) {
  std::atomic<int> done{0}, now{0}, most{0};
  {
    Executor executor(3);
    for (int i = 0; i < 200; ++i)
      executor.run([&] {
        const int here = ++now;
        int seen = most;
        while (here > seen && !most.compare_exchange_weak(seen, here)) {
        }
        std::this_thread::yield();
        --now;
        ++done;
      });
    EXPECT_LE(executor.threads(), 3);
  }
  EXPECT_EQ(done, 200);
  EXPECT_LE(most, 3);
}

TEST(Executor, MakesAThreadForWorkThatComesWhileOthersWait) {
  std::latch together(4);  // none could end if they shared a thread
  Executor executor(4);    // gone before the latch is
  for (int i = 0; i < 4; ++i) executor.run([&] { together.arrive_and_wait(); });
  together.wait();
  EXPECT_EQ(executor.threads(), 4);
}

TEST(Executor, AnIdleThreadIsUsedAgain) {
  constexpr int kMost = 64;
  Executor executor(kMost);
  for (int i = 0; i < 2000; ++i) {
    // Shared: set_value() may still be at work when wait() returns.
    const auto done = std::make_shared<std::promise<void>>();
    executor.run([done] { done->set_value(); });
    done->get_future().wait();
  }
  // The next may come before the last thread is idle, but not with all of them busy.
  EXPECT_LT(executor.threads(), kMost / 2);
}

TEST(TaskGroup, RunsAtMostSoManyAtATimeInTheirOrder) {
  Executor executor(8);
  TaskGroup group(1, executor);
  std::vector<int> order;  // by one thread at a time
  for (int i = 0; i < 50; ++i) group.run([&order, i] { order.push_back(i); });
  group.wait();
  ASSERT_EQ(order.size(), 50U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(TaskGroup, DropsWhatHasNotBegunAndWaitsForTheRest) {
  Executor executor(2);
  TaskGroup group(1, executor);
  std::promise<void> begun, go;
  std::atomic<int> ran{0};
  group.run([&] {
    begun.set_value();
    go.get_future().wait();
    ++ran;
  });
  for (int i = 0; i < 10; ++i) group.run([&] { ++ran; });
  begun.get_future().wait();
  group.clear();
  go.set_value();
  group.wait();
  EXPECT_EQ(ran, 1);
}

TEST(TaskGroup, IsEmptyWhenItIsGone) {
  std::atomic<int> running{0};
  for (int round = 0; round < 20; ++round) {
    {
      TaskGroup group;
      for (int i = 0; i < 8; ++i)
        group.run([&] {
          ++running;
          std::this_thread::yield();
          --running;
        });
    }
    EXPECT_EQ(running, 0);
  }
}

TEST(ParallelFor, CallsEveryIndexOnce) {
  std::vector<std::atomic<int>> calls(1000);
  parallel_for(
      calls.size(), [&](std::size_t i) { ++calls[i]; }, 4);
  for (const auto& count : calls) EXPECT_EQ(count, 1);
  parallel_for(0, [](std::size_t) { FAIL(); });
}

TEST(ParallelFor, ThrowsWhatTheBodyThrewAndStopsEarly) {
  std::atomic<int> after{0};
  EXPECT_THROW(parallel_for(
                   100'000,
                   [&](std::size_t i) {
                     if (i == 3) throw std::runtime_error("three");
                     // The thread that throws may wait for a core meanwhile.
                     if (++after > 1000) std::this_thread::sleep_for(std::chrono::microseconds(20));
                   },
                   4),
               std::runtime_error);
  EXPECT_LT(after, 99'999);
}

/// Loops in loops must not wait for threads that wait for them, however few there are.
TEST(ParallelFor, NestsWithoutADeadlock) {
  std::atomic<int> calls{0};
  parallel_for(
      64,
      [&](std::size_t) {
        parallel_for(
            16,
            [&](std::size_t) {
              parallel_for(
                  4, [&](std::size_t) { ++calls; }, 4);
            },
            8);
      },
      8);
  EXPECT_EQ(calls, 64 * 16 * 4);
}

}  // namespace
}  // namespace moescope
