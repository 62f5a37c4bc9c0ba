// Routes of tokens: collected, distinguished from counts, and counted.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/loads/load_reading.h"
#include "core/loads/load_set.h"

namespace moescope {

/// [token][layer][top k], in the order in which they are added.
class RouteTable {
 public:
  /// Throws Error when no model has so many layers or experts of a token.
  RouteTable(std::string source, std::size_t layers, std::size_t top_k);

  /// Adds the experts of one token in its next layer, -1 for none; all zero where no router ran
  /// (dense layers, tokens that were not computed). Throws Error for an invalid or repeated expert,
  /// or when there are too many.
  void add(std::span<const double> experts);
  /// Ends a text: the tokens since the last call become one window.
  void end_text();
  /// Moves routes, windows and their notes into `loads`, without the layers that have no router.
  void finish(LoadSet& loads, const LoadReading& reading);

 private:
  [[noreturn]] void fail(const std::string& problem) const;
  std::vector<bool> routed_layers() const;
  std::size_t clear_blank_rows();
  void keep_layers(const std::vector<bool>& kept);
  void count(LoadSet& loads, std::size_t windows) const;

  std::string source_;
  std::size_t layers_, top_k_;
  std::vector<std::int16_t> experts_;
  std::vector<std::size_t> texts_ = {0};  ///< where they begin, tokens
};

/// Evidence that rows of integers are routes.
struct RouteEvidence {
  bool possible = false;  ///< no row names an expert twice
  /// Expected number of rows that repeat a number if the columns were counts, each drawn
  /// independently from the values of its column and layer. When no row does, the probability of
  /// that is e^-expected.
  double expected_repeats = 0;
  std::string problem;  ///< the first row that cannot be routes

  /// Beyond doubt: the probability of counts is below 1e-10.
  bool certain() const { return possible && expected_repeats > 23; }
};

/// Collects evidence row by row.
class RouteTest {
 public:
  RouteTest(std::size_t layers, std::size_t width) : layers_(layers), width_(width) {}
  /// False when further rows cannot change the answer.
  bool add(std::span<const double> row);
  RouteEvidence evidence() const;

 private:
  std::size_t layers_, width_, rows_ = 0;
  std::string problem_;
  std::vector<std::vector<std::uint32_t>> seen_;  ///< [layer * width + column][number]
};

/// Most experts of a token that any model uses, with room.
inline constexpr std::size_t kMaxTopK = 64;

}  // namespace moescope
