// Orders of equal keys against those of the libraries that engines sort with.
#include "core/placement/eplb/tie_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "core/placement/eplb/float_sums.h"

namespace moescope {
namespace {

using nlohmann::json;
using Order = std::vector<std::size_t>;
using Keys = std::vector<double>;

// Made by torch 2.15 and numpy 2.4 on AVX-512: tests/golden/placement/README.md.
TEST(TieOrder, EqualsTorchAndNumpy) {
  std::ifstream file(MOESCOPE_SOURCE_DIR "/tests/golden/placement/sorts.json");
  const auto vectors = json::parse(file);
  ASSERT_EQ(vectors.size(), 7U);
  for (const auto& v : vectors) {
    const auto keys = v["keys"].get<Keys>();
    EXPECT_EQ(descending_order(keys, TieOrder::Torch), v["torch"].get<Order>()) << v["name"];
    EXPECT_EQ(descending_order(keys, TieOrder::Numpy), v["numpy"].get<Order>()) << v["name"];
  }
}

Keys random_keys(std::mt19937& random, std::size_t size, int values) {
  Keys keys(size);
  for (auto& key : keys) key = static_cast<double>(static_cast<int>(random() % 1000) % values);
  return keys;
}

TEST(TieOrder, EveryOrderSortsAndHasEveryIndexOnce) {
  std::mt19937 random(1);
  for (const std::size_t size : {0, 1, 2, 15, 16, 17, 33, 255, 256, 257, 289, 700, 3000})
    for (const int values : {1, 2, 7, 1000})
      for (const auto ties : {TieOrder::Stable, TieOrder::Torch, TieOrder::Numpy}) {
        const auto keys = random_keys(random, size, values);
        auto order = descending_order(keys, ties);
        EXPECT_TRUE(std::is_sorted(order.begin(), order.end(),
                                   [&](auto a, auto b) { return keys[a] > keys[b]; }));
        std::sort(order.begin(), order.end());
        Order all(size);
        std::iota(all.begin(), all.end(), std::size_t{0});
        EXPECT_EQ(order, all);
      }
}

#ifdef __GLIBCXX__
/// Keys for which quicksort with the median of three goes deep, so that heapsort takes over.
Keys killer(std::size_t size) {
  Keys keys(size);
  for (std::size_t i = 0; i < size / 2; ++i) {
    keys[i] = i % 2 == 0 ? -static_cast<double>(i) : -static_cast<double>(size / 2 + i);
    keys[size / 2 + i] = -static_cast<double>(2 * i) / 2;
  }
  return keys;
}

TEST(TieOrder, TorchIsTheSortOfThisStandardLibrary) {
  const auto sorted = [](const Keys& keys) {
    Order order(keys.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return keys[a] > keys[b]; });
    return order;
  };
  std::mt19937 random(7);
  for (std::size_t size = 0; size < 400; ++size)
    for (const int values : {1, 2, 5, 40}) {
      const auto keys = random_keys(random, size, values);
      ASSERT_EQ(descending_order(keys, TieOrder::Torch), sorted(keys)) << size;
    }
  for (const std::size_t size : {64, 1024, 4096, 20000})
    EXPECT_EQ(descending_order(killer(size), TieOrder::Torch), sorted(killer(size))) << size;
}
#endif

TEST(FloatSums, AddInTheOrderOfTheLibraries) {
  // 2^24 + 1 is not a float: whether small values meet the large one alone decides.
  std::vector<float> values(40, 1.0F);
  values[0] = 16777216.0F;
  EXPECT_EQ(torch_sum(values), 16777244.0F);
  EXPECT_EQ(numpy_sum(values), 16777250.0F);
  EXPECT_EQ(torch_sum({}), 0.0F);
  EXPECT_EQ(numpy_sum({}), 0.0F);
}

}  // namespace
}  // namespace moescope
