// Routes of tokens: gathered, told apart from counts, and counted.
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

  /// The experts of one token in its next layer, -1 for none; all zero where no router was asked
  /// (dense layers, tokens that were not computed). Throws Error when one cannot be an expert or
  /// stands twice, or when there are more than can be kept.
  void add(std::span<const double> experts);
  /// The tokens since the last call are one text, and become one window.
  void end_text();
  /// Takes routes, windows and their notes into `loads`, without the layers that have no router.
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

/// What speaks for routes in rows of whole numbers.
struct RouteEvidence {
  bool possible = false;  ///< no row names an expert twice
  /// How many rows would repeat a number if their columns were counts, each drawn on its own from
  /// what stands in this column of this layer: with none found, e^-expected is the chance of it.
  double expected_repeats = 0;
  std::string problem;  ///< the first row that cannot be routes

  /// Beyond doubt: a chance below 1e-10.
  bool certain() const { return possible && expected_repeats > 23; }
};

/// Gathers evidence row by row.
class RouteTest {
 public:
  RouteTest(std::size_t layers, std::size_t width) : layers_(layers), width_(width) {}
  /// False when nothing more can change the answer.
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
