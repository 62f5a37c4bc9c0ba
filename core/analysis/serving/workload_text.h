// The text form of a workload, "rate=20,period=20,...": single values read and replaced.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace moescope {

/// The number of `key`; nullopt when it is not named or no number.
std::optional<double> workload_value(std::string_view workload, std::string_view key);
/// The same text with `key` set to `value`; the others stay.
std::string with_workload_value(std::string_view workload, std::string_view key, double value);

}  // namespace moescope
