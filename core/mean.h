// Mean and spread of a list.
#pragma once

#include <optional>
#include <vector>

namespace moescope {

/// Mean of all values; nullopt of none.
std::optional<double> mean_of(const std::vector<double>& values);
/// Standard deviation of a sample; nullopt of fewer than two values.
std::optional<double> deviation_of(const std::vector<double>& values);

}  // namespace moescope
