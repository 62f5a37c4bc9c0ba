// A kernel with loads, matrix products, bulk stores and flags, on many schedules and with each of
// its synchronising operations left out.
#include "tests/unit/gpu/hw/tile_pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "gpu/base/bfloat16.h"
#include "tests/unit/gpu/hw/edges.h"

namespace moescope::runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::uint16_t> random_bf16(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<std::uint16_t> values;
  for (int i = 0; i < count; ++i) values.push_back(to_bfloat16(normal(random)));
  return values;
}

/// A product on the emulator and the same in double.
struct Product {
  int m = 0, n = 0, k = 0;
  std::vector<std::uint16_t> a = random_bf16(m * k, 1), b = random_bf16(n * k, 2);

  double expected(int row, int column) const {
    double sum = 0;
    for (int i = 0; i < k; ++i)
      sum += static_cast<double>(from_bfloat16(a[static_cast<std::size_t>(row * k + i)])) *
             static_cast<double>(from_bfloat16(b[static_cast<std::size_t>(column * k + i)]));
    return sum;
  }

  bool right(const hw::Emulation& emulation, int blocks) const {
    constexpr int kTile = test::TilePipeline::kTile;
    const hw::TileMap map_a{a.data(), k, m, kTile, kTile}, map_b{b.data(), k, n, kTile, kTile};
    std::vector<float> c(static_cast<std::size_t>(m * n), std::nanf(""));
    std::uint64_t done = 0;
    float total = std::nanf("");
    const test::TilePipeline kernel{&map_a, &map_b, m, n, k, c.data(), &done, &total};
    hw::emulate({blocks, test::TilePipeline::kThreads, test::TilePipeline::shared_bytes(), true, 0},
                emulation, kernel);
    double sum = 0;
    for (int row = 0; row < m; ++row)
      for (int column = 0; column < n; ++column) {
        const int tile = row / kTile * (n / kTile) + column / kTile;
        const auto at =
            static_cast<std::size_t>(tile * kTile * kTile + row % kTile * kTile + column % kTile);
        if (!(std::abs(c[at] - expected(row, column)) < 1e-3)) return false;
        sum += c[at];
      }
    return std::abs(total - sum) < 0.05;
  }
};

TEST(EmulatedPipeline, GivesTheProductOnEverySchedule) {
  const Product product{128, 64, 448};
  EXPECT_THAT(test::failures([&](const hw::Emulation& e) { return product.right(e, 2); }),
              IsEmpty());
}

TEST(EmulatedPipeline, NoneOfItsSynchronisingOperationsCanBeLeftOutUnnoticed) {
  const Product product{128, 64, 448};
  // One block has both tiles, so that it uses its memory again.
  EXPECT_THAT(test::unnoticed([&](const hw::Emulation& e) { return product.right(e, 1); }),
              IsEmpty());
}

}  // namespace
}  // namespace moescope::runtime
