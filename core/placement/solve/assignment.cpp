#include "core/placement/solve/assignment.h"

#include <limits>

namespace moescope {
namespace {

using Index = std::size_t;
constexpr long kFar = std::numeric_limits<long>::max() / 4;

/// Rows join one after another, each along a shortest path of exchanges. Row and column 0 stand for
/// "none", real ones count from 1.
class Assignment {
 public:
  Assignment(const std::vector<long>& cost, int size)
      : cost_(cost),
        size_(static_cast<Index>(size)),
        row_price_(size_ + 1),
        column_price_(size_ + 1),
        row_of_(size_ + 1),
        before_(size_ + 1) {}

  std::vector<int> solve() {
    for (Index row = 1; row <= size_; ++row) exchange(find_free_column(row));
    std::vector<int> column_of(size_);
    for (Index column = 1; column <= size_; ++column)
      column_of[row_of_[column] - 1] = static_cast<int>(column) - 1;
    return column_of;
  }

 private:
  /// Dijkstra over reduced costs; the prices follow, so that these stay non-negative.
  Index find_free_column(Index row) {
    row_of_[0] = row;
    std::vector<long> distance(size_ + 1, kFar);
    std::vector<char> done(size_ + 1, 0);
    Index column = 0;
    do {
      done[column] = 1;
      const Index from = row_of_[column];
      long shortest = kFar;
      Index next = 0;
      for (Index j = 1; j <= size_; ++j) {
        if (done[j] != 0) continue;
        const long reduced =
            cost_[(from - 1) * size_ + j - 1] - row_price_[from] - column_price_[j];
        if (reduced < distance[j]) {
          distance[j] = reduced;
          before_[j] = column;
        }
        if (distance[j] < shortest) {
          shortest = distance[j];
          next = j;
        }
      }
      for (Index j = 0; j <= size_; ++j) {
        if (done[j] != 0) {
          row_price_[row_of_[j]] += shortest;
          column_price_[j] -= shortest;
        } else {
          distance[j] -= shortest;
        }
      }
      column = next;
    } while (row_of_[column] != 0);
    return column;
  }

  void exchange(Index column) {
    while (column != 0) {
      const Index previous = before_[column];
      row_of_[column] = row_of_[previous];
      column = previous;
    }
  }

  const std::vector<long>& cost_;
  Index size_;
  std::vector<long> row_price_, column_price_;
  std::vector<Index> row_of_;  ///< [column]; 0: free
  std::vector<Index> before_;  ///< column on the path
};

}  // namespace

std::vector<int> cheapest_assignment(const std::vector<long>& cost, int size) {
  return Assignment(cost, size).solve();
}

}  // namespace moescope
