// Sorting a sequence of a few sorted runs, such as the spans of several streams.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

namespace moescope {

/// Merges two sorted runs; what lies before or behind all of the other run stays where it is.
template <typename Place, typename Less>
void merge_neighbours(Place begin, Place middle, Place end, const Less& less) {
  if (middle == end || !less(*middle, *(middle - 1))) return;
  begin = std::upper_bound(begin, middle, *middle, less);
  end = std::lower_bound(middle, end, *(middle - 1), less);
  std::inplace_merge(begin, middle, end, less);
}

/// As std::stable_sort; n log(runs) comparisons where runs are long.
template <typename T, typename Less>
void sort_runs(std::vector<T>& items, const Less& less) {
  constexpr std::size_t kShortRun = 32;
  std::vector<std::ptrdiff_t> ends;
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (!less(items[i], items[i - 1])) continue;
    ends.push_back(static_cast<std::ptrdiff_t>(i));
    if (ends.size() * kShortRun > items.size()) {
      std::stable_sort(items.begin(), items.end(), less);
      return;
    }
  }
  ends.push_back(std::ssize(items));
  while (ends.size() > 1) {
    std::vector<std::ptrdiff_t> merged;
    std::ptrdiff_t begin = 0;
    for (std::size_t run = 0; run < ends.size(); run += 2) {
      const std::ptrdiff_t end = ends[std::min(run + 1, ends.size() - 1)];
      merge_neighbours(items.begin() + begin, items.begin() + ends[run], items.begin() + end, less);
      merged.push_back(end);
      begin = end;
    }
    ends = std::move(merged);
  }
}

}  // namespace moescope
