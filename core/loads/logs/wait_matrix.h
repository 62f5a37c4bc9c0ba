// The rank x rank wait times that DeepXTrace prints, and which ranks and paths are slow.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/loads/load_matrix.h"
#include "core/progress.h"

namespace moescope {

/// One round of the probe: how long the rank of the row waited for data of the rank of the column.
/// The values are sums over warps: they rank the ranks but are not wall times.
struct WaitMatrix {
  std::string time;   ///< as printed, e.g. "2025-09-15T16:28:53.686"
  LoadMatrix values;  ///< [rank][rank]; NaN in the rows of ranks that printed none
};

struct WaitLog {
  std::string source;
  std::vector<WaitMatrix> matrices;  ///< in order of printing, never empty
  std::vector<std::string> notes;
};

/// What stands out, by the rule of DeepXTrace: a row or column whose mean is over 3 times the mean
/// of the matrix, a cell over 5 times.
struct SlowPart {
  enum class Kind {
    CompSlow,   ///< a column: all wait for this rank, which sends late (slow compute)
    MixedSlow,  ///< a row: this rank waits for all (it is early, or hot experts congest it)
    CommSlow    ///< a cell: the path between two ranks is slow
  };
  Kind kind = Kind::CommSlow;
  int waiting = -1;  ///< row; -1 for CompSlow
  int awaited = -1;  ///< column; -1 for MixedSlow
  double times_mean = 0;
  friend bool operator==(const SlowPart&, const SlowPart&) = default;
};
inline constexpr double kSlowLine = 3, kSlowCell = 5;

/// Rows and columns first, then cells outside of them; each by how far it stands out.
std::vector<SlowPart> slow_parts(const LoadMatrix& waits);
/// "Comp-Slow", "Mixed-Slow", "Comm-Slow".
std::string_view to_string(SlowPart::Kind kind);

/// True for text with a line that read_wait_log() would take.
bool has_wait_lines(std::string_view text);
/// Lines "[time] rank=R [n0 n1 ..]"; all others are skipped. A rank that prints again begins the
/// next matrix. Throws Error when there is none or ranks print different numbers of values.
WaitLog read_wait_log(const std::filesystem::path& path, Progress& progress);
WaitLog parse_wait_log(std::string_view text, const std::string& source, Progress& progress);

}  // namespace moescope
