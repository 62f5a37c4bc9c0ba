// What the emulator models, and that it names what a GPU forbids.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <thread>

#include "gpu/hw/emulator/emulate.h"
#include "gpu/hw/operations.h"
#include "gpu/hw/warp.h"
#include "tests/unit/gpu/gpu_test_support.h"
#include "tests/unit/gpu/hw/races.h"

namespace moescope::runtime {
namespace {

using test::error_of;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;

constexpr hw::Grid kOneBlock{1, 64, 4096, false, 0};

/// The message that a kernel ends with.
std::string problem_of(const hw::Grid& grid, const std::function<void()>& body) {
  return error_of([&] { hw::emulate(grid, {}, body); });
}

std::uint64_t* barrier_in_shared(int number = 0) {
  return reinterpret_cast<std::uint64_t*>(hw::shared()) + number;
}

TEST(Emulator, RunsEveryThreadOfEveryBlockOnce) {
  std::vector<int> ran(3 * 64);
  hw::emulate({3, 64, 0, false, 5}, {}, [&] {
    EXPECT_EQ(hw::threads(), 64);
    EXPECT_EQ(hw::blocks(), 3);
    EXPECT_EQ(hw::sm(), 5 + hw::block());
    ++ran[static_cast<std::size_t>(hw::block() * 64 + hw::thread())];
  });
  EXPECT_THAT(ran, Each(1));
}

TEST(Emulator, ASeedDecidesTheOrderOfThreadsAndGivesItAgain) {
  const auto order = [](std::uint64_t seed) {
    std::vector<int> threads;
    hw::emulate(kOneBlock, {seed, nullptr, nullptr}, [&] { threads.push_back(hw::thread()); });
    return threads;
  };
  std::set<std::vector<int>> orders;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    EXPECT_EQ(order(seed), order(seed));
    orders.insert(order(seed));
  }
  EXPECT_EQ(orders.size(), 8U);
}

TEST(Emulator, BlocksNeedNotBeResidentTogetherUnlessTheGridSaysSo) {
  // Block 0 waits for the last one: that hangs where they run one after the other.
  const auto hangs = [](bool cooperative, std::uint64_t seed) {
    std::uint64_t flag = 0;
    bool seen = true;
    hw::emulate({4, 32, 0, cooperative, 0}, {seed, nullptr, nullptr}, [&] {
      if (hw::thread() != 0) return;
      if (hw::block() == 3) hw::signal(&flag);
      if (hw::block() == 0) seen = hw::await(&flag, 1);
    });
    return !seen;
  };
  int hung = 0;
  for (std::uint64_t seed = 0; seed < 32; ++seed) {
    EXPECT_FALSE(hangs(true, seed));
    hung += hangs(false, seed) ? 1 : 0;
  }
  EXPECT_GT(hung, 0);
}

TEST(Emulator, SharedMemoryBeginsAsNotANumber) {
  hw::emulate(kOneBlock, {}, [] {
    EXPECT_TRUE(std::isnan(reinterpret_cast<const float*>(hw::shared())[hw::thread()]));
  });
}

TEST(Emulator, LanesExchangeValues) {
  hw::emulate(kOneBlock, {}, [] {
    const hw::Warp warp;
    const int lane = warp.lane();
    EXPECT_EQ(hw::shuffle(lane, 7), 7);
    EXPECT_EQ(hw::shuffle_xor(lane, 5), lane ^ 5);
    EXPECT_EQ(hw::shuffle_up(lane, 3), lane < 3 ? lane : lane - 3);
    int total = 0;
    EXPECT_EQ(warp.prefix(2, total), 2 * lane);
    EXPECT_EQ(total, 64);
    EXPECT_EQ(warp.max(static_cast<float>(lane)), 31);
    EXPECT_EQ(warp.first({static_cast<float>(lane / 2), lane}).index, 30);
  });
}

TEST(Emulator, ABulkLoadIsThereAfterItsBarrierAndMayBeLaterBefore) {
  const test::ExpectedRaces early_reads;
  alignas(16) float source[4] = {1, 2, 3, 4};
  int early = 0;
  for (std::uint64_t seed = 0; seed < 32; ++seed)
    hw::emulate({1, 32, 256, false, 0}, {seed, nullptr, nullptr}, [&] {
      const auto* here = reinterpret_cast<const float*>(hw::shared() + 64);
      if (hw::thread() != 0) return;
      hw::barrier_init(barrier_in_shared(), 1);
      hw::barrier_expect(barrier_in_shared(), 16);
      hw::bulk_load(hw::shared() + 64, source, 16, barrier_in_shared());
      early += std::isnan(here[3]) ? 0 : 1;
      hw::barrier_wait(barrier_in_shared(), 0);
      EXPECT_EQ(here[3], 4);
    });
  EXPECT_LT(early, 32);
}

TEST(Emulator, NamesDeadlocksWithWhatEachThreadWaitsFor) {
  EXPECT_THAT(problem_of(kOneBlock,
                         [] {
                           if (hw::thread() == 0) {
                             hw::barrier_init(barrier_in_shared(), 2);
                             hw::barrier_wait(barrier_in_shared(), 0);
                           }
                         }),
              AllOf(HasSubstr("1 threads wait for ever"), HasSubstr("thread 0: barrier_wait"),
                    HasSubstr("emulator_test.cpp")));
}

TEST(Emulator, LanesThatPartAreNamed) {
  EXPECT_THAT(problem_of(kOneBlock,
                         [] {
                           if (hw::thread() < 5)
                             hw::sync_warp();
                           else
                             hw::shuffle(1, 0);
                         }),
              HasSubstr("while others of the warp are at"));
  EXPECT_THAT(problem_of(kOneBlock,
                         [] {
                           if (hw::thread() == 3) return;
                           hw::sync_warp();
                         }),
              testing::AnyOf(HasSubstr("a lane of the warp has ended"),
                             HasSubstr("ended while others of its warp are at")));
}

TEST(Emulator, DifferentBarriersOfABlockDoNotMeet) {
  const auto body = [] {
    if (hw::thread() < 32)
      hw::sync_block();
    else
      hw::sync_block();
  };
  EXPECT_THAT(problem_of(kOneBlock, body),
              HasSubstr("sync_block while others of the block are at the one in line"));
}

TEST(Emulator, WrongUseOfBarriersAndCopiesIsNamed) {
  alignas(16) static std::byte source[64];
  const auto first = [](const std::function<void()>& body) {
    return problem_of({1, 32, 256, false, 0}, [&] {
      if (hw::thread() == 0) body();
    });
  };
  EXPECT_THAT(first([] { hw::barrier_arrive(barrier_in_shared()); }),
              HasSubstr("used before it is initialised"));
  EXPECT_THAT(first([] {
                hw::barrier_init(barrier_in_shared(), 2);
                hw::barrier_expect(barrier_in_shared(), 16);
                hw::barrier_arrive(barrier_in_shared());
                hw::barrier_arrive(barrier_in_shared());
              }),
              HasSubstr("more arrivals than the barrier expects"));
  EXPECT_THAT(first([] {
                hw::barrier_init(barrier_in_shared(), 1);
                hw::bulk_load(hw::shared() + 24, source, 16, barrier_in_shared());
              }),
              HasSubstr("multiples of 16 bytes"));
  EXPECT_THAT(first([] {
                hw::barrier_init(barrier_in_shared(), 1);
                hw::bulk_load(hw::shared() + 240, source, 32, barrier_in_shared());
              }),
              HasSubstr("outside the shared memory"));
  const auto unfinished = [](std::uint64_t seed) {
    return error_of([&] {
      hw::emulate({1, 32, 256, false, 0}, {seed, nullptr, nullptr}, [] {
        if (hw::thread() == 0) hw::bulk_store(source, hw::shared(), 32);
      });
    });
  };
  std::set<std::string> problems;
  for (std::uint64_t seed = 0; seed < 32; ++seed) problems.insert(unfinished(seed));
  EXPECT_THAT(problems, Contains(HasSubstr("before its bulk copies had landed")));
  EXPECT_THAT(first([] { std::memset(hw::shared() + 250, 1, 20); }),
              HasSubstr("wrote beyond its shared memory"));
}

TEST(Emulator, GridsThatNoGpuTakesAreRefused) {
  const auto nothing = [] {};
  EXPECT_THAT(problem_of({1, 40, 0, false, 0}, nothing), HasSubstr("1 blocks of 40 threads"));
  EXPECT_THAT(problem_of({0, 64, 0, false, 0}, nothing), HasSubstr("0 blocks"));
  EXPECT_THAT(problem_of({1, 64, 300000, false, 0}, nothing), HasSubstr("300000 bytes"));
}

TEST(Emulator, WhatAKernelThrowsEndsIt) {
  EXPECT_THAT(problem_of(kOneBlock, [] { throw std::runtime_error("no more"); }),
              HasSubstr("no more"));
}

TEST(Emulator, ThreadsEmulateKernelsAtOnce) {
  std::vector<std::thread> threads;
  std::vector<std::uint64_t> counts(4);
  for (auto& count : counts)
    threads.emplace_back([&count] {
      for (std::uint64_t seed = 0; seed < 20; ++seed)
        hw::emulate(kOneBlock, {seed, nullptr, nullptr}, [&] {
          hw::sync_block();
          hw::atomic_add(&count, std::uint64_t{1});
        });
    });
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(counts, Each(20 * 64));
}

}  // namespace
}  // namespace moescope::runtime
