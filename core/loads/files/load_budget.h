// How much a load set may hold, kept while it is read: before the memory is taken, not after.
#pragma once

#include <cstddef>
#include <string>

namespace moescope {

/// Most rows that are kept, windows * layers: each has a price beside its counts.
inline constexpr std::size_t kMaxLoadRows = std::size_t{1} << 22;

/// What a reader has taken so far.
class LoadBudget {
 public:
  explicit LoadBudget(std::string source) : source_(std::move(source)) {}

  /// Before a row of `values` counts is kept. Throws Error that names `place` when the set would be
  /// more than can be kept.
  void take_row(std::size_t values, const std::string& place);
  /// Before `layers` rows of `experts` counts in each of `windows` are kept. Throws Error.
  void take(std::size_t windows, std::size_t layers, std::size_t experts, const std::string& place);
  /// Before a window gets its layer number `layers`. Throws Error.
  void check_layers(std::size_t layers, const std::string& place) const;

 private:
  std::string source_;
  std::size_t rows_ = 0, values_ = 0;
};

}  // namespace moescope
