// Sorting by runs gives what std::stable_sort gives.
#include "core/sort_runs.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>

namespace moescope {
namespace {

using Item = std::pair<int, int>;  ///< key, place before

bool less(const Item& a, const Item& b) {
  return a.first < b.first;
}

void expect_sorted(std::vector<int> keys) {
  std::vector<Item> items;
  for (const int key : keys) items.emplace_back(key, static_cast<int>(items.size()));
  std::vector<Item> expected = items;
  std::stable_sort(expected.begin(), expected.end(), less);
  sort_runs(items, less);
  EXPECT_EQ(items, expected);
}

TEST(SortRuns, sortsAnyNumberOfRunsOfAnyLength) {
  std::mt19937 random(1);
  for (int runs = 1; runs <= 9; ++runs)
    for (int repeat = 0; repeat < 20; ++repeat) {
      std::vector<int> keys;
      for (int run = 0; run < runs; ++run) {
        int key = static_cast<int>(random() % 50);
        for (std::size_t left = random() % 400; left > 0; --left) {
          keys.push_back(key);
          key += static_cast<int>(random() % 3);
        }
      }
      expect_sorted(keys);
    }
}

TEST(SortRuns, sortsWhatHasNoRuns) {
  std::mt19937 random(2);
  std::vector<int> keys(3000);
  for (int& key : keys) key = static_cast<int>(random() % 100);
  expect_sorted(keys);
  expect_sorted({});
  expect_sorted({1});
  expect_sorted({2, 1});
}

}  // namespace
}  // namespace moescope
