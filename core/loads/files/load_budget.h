// Limits on the size of a load set, checked before memory is allocated.
#pragma once

#include <cstddef>
#include <string>

namespace moescope {

/// Most rows that are kept, windows * layers: each has a cost beside its counts.
inline constexpr std::size_t kMaxLoadRows = std::size_t{1} << 22;

/// What a reader has taken so far.
class LoadBudget {
 public:
  explicit LoadBudget(std::string source) : source_(std::move(source)) {}

  /// To be called before a row of `values` counts is kept. Throws an Error that names `place` when
  /// the set would become too large.
  void take_row(std::size_t values, const std::string& place);
  /// The same for `layers` rows of `experts` counts in each of `windows`. Throws Error.
  void take(std::size_t windows, std::size_t layers, std::size_t experts, const std::string& place);
  /// To be called before a window gets its layer number `layers`. Throws Error.
  void check_layers(std::size_t layers, const std::string& place) const;

 private:
  std::string source_;
  std::size_t rows_ = 0, values_ = 0;
};

}  // namespace moescope
