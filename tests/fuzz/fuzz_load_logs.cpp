// Any text as a log of an engine or of DeepXTrace: an Error, or series and matrices that hold
// together.
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "core/error.h"
#include "core/loads/logs/balance_log.h"
#include "core/loads/logs/wait_matrix.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void read_balance(std::string_view text) {
  moescope::Progress progress;
  try {
    const auto log = moescope::parse_balance_log(text, "fuzz", progress);
    require(moescope::has_balance_lines(text));
    for (const auto& series : log.series) {
      require(!series.points.empty());
      for (const auto& point : series.points) require(std::isfinite(point.value));
    }
  } catch (const moescope::Error&) {
  }
}

void read_waits(std::string_view text) {
  moescope::Progress progress;
  try {
    const auto log = moescope::parse_wait_log(text, "fuzz", progress);
    require(moescope::has_wait_lines(text) && !log.matrices.empty());
    for (const auto& matrix : log.matrices) {
      require(matrix.values.rows == matrix.values.columns);
      for (const auto& part : moescope::slow_parts(matrix.values))
        require(part.times_mean > moescope::kSlowLine);
    }
  } catch (const moescope::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_balance(text);
  read_waits(text);
  return 0;
}
