#include "core/placement/eplb/tie_order.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <numeric>

namespace moescope {
namespace {

using Index = std::size_t;
using Order = std::vector<Index>;

/// Introsort as libstdc++ documents and does it: quicksort with the median of three down to runs of
/// 16, heapsort where that goes too deep, and one insertion sort over everything at the end.
template <typename Before>
class Introsort {
 public:
  Introsort(Order& items, Before before) : items_(items), before_(before) {}

  void sort(Index first, Index last) {
    if (last - first < 2) return;
    partition_down(first, last, 2 * (std::bit_width(last - first) - 1));
    if (last - first <= kRun) return insert_all(first, last);
    insert_all(first, first + kRun);
    for (Index i = first + kRun; i < last; ++i) insert_unguarded(i);
  }

 private:
  static constexpr Index kRun = 16;

  void partition_down(Index first, Index last, int depth) {
    while (last - first > kRun) {
      if (depth-- == 0) return heapsort(first, last);
      const Index cut = partition(first, last);
      partition_down(cut, last, depth);
      last = cut;
    }
  }

  /// Swaps the median of the second, the middle and the last item to the front.
  void median_to_front(Index first, Index last) {
    const Index a = first + 1, b = first + (last - first) / 2, c = last - 1;
    Index median = 0;
    if (before(a, b))
      median = before(b, c) ? b : before(a, c) ? c : a;
    else
      median = before(a, c) ? a : before(b, c) ? c : b;
    std::swap(items_[first], items_[median]);
  }

  Index partition(Index first, Index last) {
    median_to_front(first, last);
    const Index pivot = items_[first];
    Index left = first + 1, right = last;
    for (;; ++left) {
      while (before_(items_[left], pivot)) ++left;
      --right;
      while (before_(pivot, items_[right])) --right;
      if (left >= right) return left;
      std::swap(items_[left], items_[right]);
    }
  }

  void insert_all(Index first, Index last) {
    for (Index i = first + 1; i < last; ++i)
      if (before(i, first))
        std::rotate(at(first), at(i), at(i + 1));
      else
        insert_unguarded(i);
  }

  /// Some item in front of `i` is known not to come after it.
  void insert_unguarded(Index i) {
    const Index item = items_[i];
    for (; before_(item, items_[i - 1]); --i) items_[i] = items_[i - 1];
    items_[i] = item;
  }

  void heapsort(Index first, Index last) {
    const Index size = last - first;
    for (Index parent = size / 2; parent-- > 0;) sift(first, parent, size, items_[first + parent]);
    for (Index end = size; end-- > 1;) {
      const Index item = items_[first + end];
      items_[first + end] = items_[first];
      sift(first, 0, end, item);
    }
  }

  /// Lets the hole sink to the leaves along the later children, then `item` rise from there.
  void sift(Index first, Index hole, Index size, Index item) {
    const Index top = hole;
    Index child = hole;
    while (child < (size - 1) / 2) {
      child = 2 * (child + 1);
      if (before(first + child, first + child - 1)) --child;
      items_[first + hole] = items_[first + child];
      hole = child;
    }
    if (size % 2 == 0 && child == (size - 2) / 2) {
      child = 2 * (child + 1);
      items_[first + hole] = items_[first + child - 1];
      hole = child - 1;
    }
    for (; hole > top; hole = (hole - 1) / 2) {
      const Index parent = (hole - 1) / 2;
      if (!before_(items_[first + parent], item)) break;
      items_[first + hole] = items_[first + parent];
    }
    items_[first + hole] = item;
  }

  bool before(Index a, Index b) const { return before_(items_[a], items_[b]); }
  Order::iterator at(Index i) { return items_.begin() + static_cast<std::ptrdiff_t>(i); }

  Order& items_;
  Before before_;
};

/// The argsort of x86-simd-sort, which numpy calls: up to 256 items a bitonic network, above it a
/// partition by registers of 8 lanes, four at a time. Ascending.
class SimdArgsort {
 public:
  explicit SimdArgsort(const std::vector<double>& keys) : keys_(keys), items_(keys.size()) {
    std::iota(items_.begin(), items_.end(), Index{0});
  }

  Order sort() {
    if (!std::is_sorted(keys_.begin(), keys_.end()))  // else numpy leaves everything where it is
      sort(0, items_.size(), 2 * (static_cast<int>(std::bit_width(items_.size())) - 1));
    return std::move(items_);
  }

 private:
  static constexpr Index kLanes = 8, kUnrolled = 4 * kLanes, kNetwork = 256;
  static constexpr Index kNone = std::numeric_limits<Index>::max();

  double key(Index item) const {
    return item == kNone ? std::numeric_limits<double>::infinity() : keys_[item];
  }

  void sort(Index first, Index last, int depth) {
    if (depth <= 0) {
      const auto before = [this](Index a, Index b) { return keys_[a] < keys_[b]; };
      return Introsort<decltype(before)>(items_, before).sort(first, last);
    }
    if (last - first <= kNetwork) return network(first, last);
    const double pivot = pivot_of(first, last);
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (Index i = first; i < last; ++i) {
      least = std::min(least, keys_[items_[i]]);
      most = std::max(most, keys_[items_[i]]);
    }
    const Index cut = partition(first, last, pivot);
    if (pivot != least) sort(first, cut, depth - 1);
    if (pivot != most) sort(cut, last, depth - 1);
  }

  /// The fifth of eight samples.
  double pivot_of(Index first, Index last) const {
    const Index step = (last - 1 - first) / kLanes;
    std::vector<double> sample;
    for (Index i = 1; i <= kLanes; ++i) sample.push_back(keys_[items_[first + i * step]]);
    std::sort(sample.begin(), sample.end());
    return sample[kLanes / 2];
  }

  void network(Index first, Index last) {
    const auto from = items_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto to = items_.begin() + static_cast<std::ptrdiff_t>(last);
    Order lanes(from, to);
    lanes.resize(std::bit_ceil(lanes.size()), kNone);
    const auto exchange = [&](Index mask) {
      for (Index i = 0; i < lanes.size(); ++i)
        if (const Index j = i ^ mask; i < j && key(lanes[j]) < key(lanes[i]))
          std::swap(lanes[i], lanes[j]);
    };
    for (Index run = 2; run <= lanes.size(); run *= 2) {
      exchange(run - 1);
      for (Index stride = run / 4; stride > 0; stride /= 2) exchange(stride);
    }
    std::copy(lanes.begin(), lanes.begin() + (to - from), from);
  }

  /// Items below `pivot` go to the left, the others to the right; returns where these begin. A
  /// block is taken from the side with less room, so that nothing is overwritten unread; the blocks
  /// at both ends come last.
  Index partition(Index left, Index right, double pivot) {
    for (Index odd = (right - left) % kUnrolled; odd > 0; --odd)
      if (keys_[items_[left]] < pivot)
        ++left;
      else
        std::swap(items_[left], items_[--right]);
    if (left == right) return left;
    const Order at_left = block(left), at_right = block(right - kUnrolled);
    Index low = left, high = right;  // free places are between the two
    left += kUnrolled;
    right -= kUnrolled;
    const auto store = [&](const Order& items) {
      for (Index lane = 0; lane < kUnrolled; lane += kLanes) {
        const auto from = items.begin() + static_cast<std::ptrdiff_t>(lane);
        const auto to = from + static_cast<std::ptrdiff_t>(kLanes);
        const auto above = [&](Index item) { return !(keys_[item] < pivot); };
        Index place = high -= static_cast<Index>(std::count_if(from, to, above));
        for (auto it = from; it != to; ++it) items_[above(*it) ? place++ : low++] = *it;
      }
    };
    while (left != right) {
      const bool from_right = high - right < left - low;
      if (from_right) right -= kUnrolled;
      const Order items = block(from_right ? right : left);
      if (!from_right) left += kUnrolled;
      store(items);
    }
    store(at_left);
    store(at_right);
    return low;
  }

  Order block(Index first) const {
    const auto from = items_.begin() + static_cast<std::ptrdiff_t>(first);
    return {from, from + static_cast<std::ptrdiff_t>(kUnrolled)};
  }

  const std::vector<double>& keys_;
  Order items_;
};

}  // namespace

std::vector<std::size_t> descending_order(const std::vector<double>& keys, TieOrder ties) {
  if (ties == TieOrder::Numpy) {
    std::vector<double> negated(keys.size());
    std::transform(keys.begin(), keys.end(), negated.begin(), std::negate<>());
    return SimdArgsort(negated).sort();
  }
  Order order(keys.size());
  std::iota(order.begin(), order.end(), Index{0});
  const auto before = [&](Index a, Index b) { return keys[a] > keys[b]; };
  if (ties == TieOrder::Torch)
    Introsort<decltype(before)>(order, before).sort(0, order.size());
  else
    std::stable_sort(order.begin(), order.end(), before);
  return order;
}

}  // namespace moescope
