// A value with its error bar: one unit for both, and no digits that the error makes meaningless.
#pragma once

#include <QString>

namespace moescope {

/// "102.0 ± 1.0 ms"; times in ns. The unit fits the larger of the two.
QString format_time_with_error(double ns, double error_ns);
/// "13.4 ± 0.2 KiB"
QString format_bytes_with_error(double bytes, double error);

}  // namespace moescope
