// Figures as text, the same wherever they are shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace moescope {

/// "17.2 MiB": three digits in the unit that fits, powers of 1024.
std::string bytes_text(double bytes);
/// "102.00 ± 1.00 ms": value and error in one unit, the error with two digits and the value to the
/// same place. Nullopt: "102 ms".
std::string duration_text(double ns, std::optional<double> error_ns = std::nullopt);
/// "1,234"
std::string count_text(std::int64_t count);

}  // namespace moescope
